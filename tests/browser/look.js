// What a reader sees of the open notebook. Everything is reported as "cell N: ..."; N counts all cells from 0.
async () => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const said = {
    errors: [],      // error outputs, widgets that could not be drawn
    warnings: [],    // what came by stderr and is no progress bar
    unfinished: [],  // code cells without an execution count, or still running
    pictures: [],    // images that were not loaded or have no size
    wide: [],        // what does not fit into the width of its cell
    raw: [],         // Markdown, LaTeX and HTML left as they were typed
    links: [],       // [cell, address] of each link to a file of the project
    count: { code: 0, outputs: 0, pictures: 0, formulas: 0 },
  };
  const typed = /\*\*[^*]+\*\*|`[^`]+`|\$[^\s$]|\\[a-zA-Z]+\b|\]\(|<\/?(details|summary|br|b|i|sub|sup)\b/;

  for (const image of notebook.node.querySelectorAll("img")) await image.decode().catch(() => {});

  notebook.widgets.forEach((cell, place) => {
    const tell = (list, what) => list.push(`cell ${place}: ${what}`);
    const short = (text) => text.trim().replace(/\s+/g, " ").slice(0, 160);

    if (cell.model.type === "code" && cell.model.sharedModel.getSource().trim()) {
      said.count.code += 1;
      const { executionCount, executionState } = cell.model;
      if (executionCount === null || executionState !== "idle") tell(said.unfinished, executionState);
    }

    // The page draws an error as it draws stderr; the notebook knows which it is.
    for (let n = 0; n < (cell.model.outputs?.length ?? 0); n++) {
      said.count.outputs += 1;
      const output = cell.model.outputs.get(n).toJSON();
      if (output.output_type === "error") tell(said.errors, `${output.ename}: ${short(output.evalue)}`);
      if (output.name === "stderr" && !/\d+%\|/.test(output.text)) tell(said.warnings, short([output.text].flat().join("")));
    }
    for (const output of cell.node.querySelectorAll(".jp-OutputArea-output"))
      if (/error (displaying|creating) widget|loading widget/i.test(output.innerText)) tell(said.errors, short(output.innerText));

    for (const image of cell.node.querySelectorAll("img")) {
      said.count.pictures += 1;
      if (!image.complete || !image.naturalWidth || !image.naturalHeight) tell(said.pictures, short(image.alt || image.src));
    }

    for (const area of cell.node.querySelectorAll(".jp-OutputArea-output, .jp-MarkdownOutput")) {
      const right = area.getBoundingClientRect().left + area.clientWidth;
      if (area.scrollWidth > area.clientWidth + 1) tell(said.wide, `${area.scrollWidth} px in ${area.clientWidth}: ${short(area.innerText)}`);
      for (const inside of area.querySelectorAll("img, svg, canvas, table, pre"))
        if (inside.getBoundingClientRect().right > right + 1) tell(said.wide, `${inside.tagName} ends right of its cell`);
    }

    for (const text of cell.node.querySelectorAll(".jp-MarkdownOutput")) {
      said.count.formulas += text.querySelectorAll("mjx-container").length;
      for (const broken of text.querySelectorAll("mjx-merror")) tell(said.raw, `formula: ${short(broken.textContent)}`);
      for (const answer of text.querySelectorAll("details"))
        if (!answer.querySelector("summary") || answer.innerText.trim() === answer.querySelector("summary").innerText.trim())
          tell(said.raw, `nothing unfolds: ${short(answer.innerText)}`);
      const words = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
      while (words.nextNode()) {
        const node = words.currentNode;
        if (!node.parentElement.closest("code, pre, mjx-container, script, style") && typed.test(node.data)) tell(said.raw, short(node.data));
      }
      for (const link of text.querySelectorAll("a[href]")) {
        const url = new URL(link.href);
        if (url.origin === location.origin && url.pathname.startsWith("/files/")) said.links.push([place, decodeURIComponent(url.pathname.slice(7))]);
      }
    }
  });
  return said;
}
