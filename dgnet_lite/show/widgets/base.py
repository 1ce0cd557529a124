"""The box of controls and a picture that every widget here is made of.

An `Interactive` is a box of ipywidgets, to be put at the end of a cell. Beside the widgets it hands the notebook its
picture as it stands, for readers without a kernel. An error in a callback is shown above the picture, not swallowed.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import ipywidgets as w

from dgnet_lite.show.strip import Strip
from dgnet_lite.show.style import Picture, png

STYLE = {"description_width": "150px"}
WIDE = w.Layout(width="520px")


class Interactive(w.VBox):
    """Controls above, a picture below, drawn anew by `draw(**values)` whenever a control moves.

    controls: by the name of the argument that each gives its value to.
    draw: returns the picture.
    """

    def __init__(self, controls: dict[str, w.Widget], draw: Callable[..., Picture | Strip]) -> None:
        self.controls, self._draw = controls, draw
        self.image = w.Image(format="png")
        self.image.layout.object_fit = "contain"
        self.image.layout.max_width = "100%"
        self.error = w.HTML()
        self.picture: Picture | Strip | None = None
        super().__init__([*controls.values(), self.error, self.image])
        for control in controls.values():
            control.observe(self._moved, names="value")
        self._moved()

    def values(self) -> dict[str, Any]:
        return {name: control.value for name, control in self.controls.items()}

    def _moved(self, _: Any = None) -> None:
        show_errors(self.error, self.redraw)

    def redraw(self) -> None:
        """Draw the picture for the values of the controls; an error leaves the one before in its place."""
        self.show(self._draw(**self.values()))

    def show(self, picture: Picture | Strip) -> None:
        self.picture = picture
        self.image.value = picture.png() if isinstance(picture, Strip) else png(picture, compress_level=1)
        self.image.alt = picture.alt_text

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if self.picture is None or bundle is None:
            return bundle
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        picture, described = self.picture._repr_mimebundle_()
        return data | picture, metadata | described


def show_errors(place: w.HTML, function: Callable[[], None]) -> None:
    """Run the function; what it raises is written into `place`, for nobody sees a callback's error otherwise."""
    try:
        function()
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.name}, line {last.lineno}"
        place.value = (
            '<div role="alert" style="color:#a02c00"><b>This did not work.</b> '
            f"{type(error).__name__}: {_escaped(str(error))} ({_escaped(where)})</div>"
        )
    else:
        place.value = ""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def slider(what: str, high: int, *, value: int = 0) -> w.IntSlider:
    """A slider over 0..high, which moves the picture while it is dragged."""
    return w.IntSlider(value, 0, high, description=what, style=STYLE, layout=WIDE)


def share(what: str, *, value: float = 0.0, low: float = 0.0, high: float = 1.0, step: float = 0.05) -> w.FloatSlider:
    """A slider over numbers."""
    return w.FloatSlider(value, min=low, max=high, step=step, description=what, style=STYLE, layout=WIDE)


def choice(what: str, options: Any, value: Any = None) -> w.Dropdown:
    """One of several."""
    keywords = {} if value is None else {"value": value}
    return w.Dropdown(options=options, description=what, style=STYLE, layout=WIDE, **keywords)
