"""Where the gradient of each loss ends, and by which ways it goes there.

The tables are typed from the paper (eqs. 1 to 10; "x_j^i" is a function of a_i and s_j) and from what is known of the
release: its code is detached, eq. (4) is detached on both sides, eq. (5) trains E_s on a detached image or hands the
gradient to the image through a frozen copy, eq. (6) goes through a frozen copy of E_a, generated images that are fed
back are detached.
"""

import pytest
import torch
from torch import Tensor

from dgnet_lite import losses as L
from dgnet_lite.config import Config
from dgnet_lite.training import flow
from dgnet_lite.training.flow import gradient_flow, last_punished_step, new_witness

MARKS = {"x": "always", "/": "sometimes", ".": "never", "-": "not used"}

# Rows: losses. Columns: E_a's backbone, f_prim head, f_fine head, E_s, G, D.
EXPECTED = {
    "paper": """
        img1       x . .  x x  .
        img2       x . .  x x  .
        id_s       x x .  . .  .
        fine_real  - - -  - -  -
        adv        x . .  x x  .
        id_c       x x .  x x  .
        code1      x . .  x x  .
        code2      x . .  x x  .
        cycle      - - -  - -  -
        prim       x x .  . .  .
        fine       x . x  . .  .
        D          . . .  . .  x
    """,
    "official": """
        img1       . . .  x x  .
        img2       . . .  x x  .
        id_s       x x .  . .  .
        fine_real  x . x  . .  .
        adv        . . .  x x  .
        id_c       . . .  x x  .
        code1      . . .  . .  .
        code2      . . .  x /  .
        cycle      . . .  x x  .
        prim       x x .  . .  .
        fine       x . x  . .  .
        D          . . .  . .  x
    """,
}
NO_COIN = {"losses.code2_alternates": False}
# A switch of its own, away from the recipe: the row of its loss.
ALONE = [
    ("paper", {"losses.code1_trains_generator": False}, "code1      . . .  . .  ."),
    ("paper", {"losses.code2_alternates": True}, "code2      / . .  x /  ."),
    ("paper", {"losses.cycle": 2.0}, "cycle      x . .  x x  ."),
    ("paper", {"losses.fine_on_real": True}, "fine_real  x . x  . .  ."),
    ("paper", {"losses.judge_frozen": True}, "id_c       x . .  x x  ."),
    ("paper", {"losses.adversarial": "lsgan"}, "adv        x . .  x x  ."),
    ("paper", {"losses.punishment": 0.0}, "D          . . .  . .  x"),
    ("official", NO_COIN | {"losses.code_detached": False}, "img2       x . .  x x  ."),
    ("official", NO_COIN | {"losses.code1_trains_generator": True}, "code1      . . .  x x  ."),
    ("official", NO_COIN, "code2      . . .  x x  ."),
    ("official", NO_COIN | {"data.erasing": 0.0}, "id_s       x x .  . .  ."),
    ("official", NO_COIN | {"losses.code": 0.0}, "code2      - - -  - -  -"),
]


def rows(text: str) -> dict[str, list[str]]:
    lines = [line.split() for line in text.strip().splitlines()]
    return {name: [MARKS[mark] for mark in marks] for name, *marks in lines}


def found(config: Config) -> dict[str, list[str]]:
    table = gradient_flow(config)
    return {loss: table.loc[loss].tolist() for loss in table.index}


# Where it ends


@pytest.mark.parametrize("recipe", ["paper", "official"])
def test_each_loss_reaches_the_parts_that_its_recipe_says(recipe):
    assert found(Config.preset(recipe)) == rows(EXPECTED[recipe])


@pytest.mark.parametrize(("recipe", "switch", "row"), ALONE, ids=[f"{r}, {', '.join(s)}" for r, s, _ in ALONE])
def test_a_switch_decides_where_its_loss_ends(recipe, switch, row):
    (loss,) = rows(row)
    assert found(Config.preset(recipe, **switch))[loss] == rows(row)[loss]


def test_the_parts_are_all_there_is_to_learn():
    model = new_witness(Config.preset("official")).model
    counted = [id(p) for part in flow.parts(model).values() for p in part.parameters()]
    assert sorted(counted) == sorted(id(p) for p in model.parameters())


def test_looking_on_moves_no_weight(equal):
    witness = new_witness(Config.preset("official"))
    before = {name: p.detach().clone() for name, p in witness.model.named_parameters()}
    witness.update(last_punished_step(witness.config))
    assert equal(before, {name: p.detach() for name, p in witness.model.named_parameters()})


def test_the_table_leaves_the_random_numbers_of_its_caller_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    gradient_flow(Config.preset("paper"))
    assert torch.equal(torch.rand(2), expected)


def test_the_step_that_is_looked_at_has_the_punishment():
    config = Config.preset("paper", **{"losses.punishment_every": 7, "optim.steps": 100})
    assert last_punished_step(config) == 98


def test_the_teacher_gets_no_gradient(new_task):
    task = new_task("dgnet", "official")
    task.update(11)
    assert [p.grad for p in task.teacher.parameters() if p.grad is not None] == []


@pytest.mark.parametrize("recipe", ["paper", "official"])
def test_the_targets_of_eqs_4_and_5_get_no_gradient(recipe, monkeypatch):
    targets, original = [], L.code_reconstruction
    monkeypatch.setattr(
        L, "code_reconstruction", lambda code, of_fake: targets.append(code.requires_grad) or original(code, of_fake)
    )
    witness = new_witness(Config.preset(recipe))
    witness.update(last_punished_step(witness.config))
    assert targets == [False, False]


def test_the_losses_that_are_reported_carry_no_graph(new_task):
    assert [name for name, loss in new_task("dgnet", "official").update(11).items() if loss.requires_grad] == []


# By which ways it goes there: each call of a network is a station, in the order of the step. "E_a1" says that the
# gradient comes to the first call of E_a's backbone, "D3*" that it comes to the third of D, in which D is frozen, and
# "D3<" that it goes on from there to the image that D was shown; from G it goes on to the structure, "G1<s", and to the
# appearance, "G1<a".
# Where one pass serves two purposes (the last of E_a in both recipes, the last of E_s in "official"), the image that
# the network was shown is a copy, "E_a3<", from which nothing goes on; what goes to x_j^i goes past these stations.

SWAP = "G1 G1<s G1<a E_s1 E_a1"  # from x_j^i on, where the code is not detached
WAYS = {
    "paper": {  # and the release's cycle and its fine head on real images; D1< is the punishment
        "D": "D1 D1< D2",
        "img1": SWAP,
        "img2": SWAP,
        "id_s": "E_a1",
        "fine_real": "E_a1",
        "adv": f"D3* D3< {SWAP}",
        "id_c": f"E_a2 E_a2< {SWAP}",
        "code1": f"E_a2 E_a2< {SWAP}",
        "code2": f"E_s2 E_s2< {SWAP}",
        "cycle": f"G2 G2<s G2<a E_s2 E_s2< E_a2 E_a2< {SWAP}",
        "prim": "E_a2 E_a2<",
        "fine": "E_a2 E_a2<",
    },
    "official": {  # E_a2 sees the erased images; code2: the side of the coin by which E_s learns
        "D": "D1 D1< D2",
        "img1": "G1 G1<s E_s1",
        "img2": "G1 G1<s E_s1",
        "id_s": "E_a2",
        "fine_real": "E_a2",
        "adv": "D3* D3< G1 G1<s E_s1",
        "id_c": "G1 G1<s E_s1",
        "code1": "",
        "code2": "E_s2 E_s2<",
        "cycle": "G2 G2<s E_s2 E_s2< G1 G1<s E_s1",
        "prim": "E_a3 E_a3<",
        "fine": "E_a3 E_a3<",
    },
}
MORE = {"paper": {"losses.cycle": 2.0, "losses.fine_on_real": True}, "official": {}}


def ways(config: Config, monkeypatch, coin: float) -> dict[str, set[str]]:
    """The stations of each loss in one step, with this outcome of the coin."""
    task = new_witness(config)
    stations: dict[str, Tensor] = {}
    stations_of = {}

    def watch(name, module):
        calls, star = 0, ""

        def enter(_, inputs):
            nonlocal calls, star
            calls += 1
            star = "" if any(p.requires_grad for p in module.parameters()) else "*"
            fresh = [x.view_as(x) for x in inputs]  # each call has an input of its own
            doors = ("<s", "<a", "<rows") if len(fresh) > 1 else ("<",)
            stations.update({f"{name}{calls}{door}": x for door, x in zip(doors, fresh, strict=True)})
            return tuple(fresh)

        def leave(_, inputs, out):
            outputs = [out] if isinstance(out, Tensor) else list(out)
            stations.update({f"{name}{calls}{star}#{k}": x for k, x in enumerate(outputs)})

        module.register_forward_pre_hook(enter)
        module.register_forward_hook(leave)

    def note(weights, losses):
        there = {name: x for name, x in stations.items() if x.requires_grad}
        for loss, value in losses.items():
            if weights.get(loss, 0) > 0 and loss not in stations_of:
                reached = flow.with_gradient(value, list(there.values()))
                stations_of[loss] = {name.split("#")[0] for name, has in zip(there, reached, strict=True) if has}

    model = task.model
    for name, module in {"E_a": model.E_a.backbone, "E_s": model.E_s, "G": model.G, "D": model.D}.items():
        watch(name, module)
    original = torch.rand
    monkeypatch.setattr(torch, "rand", lambda *s, **k: torch.tensor(coin) if s == ((),) else original(*s, **k))
    monkeypatch.setattr(task, "add_gradients", note)
    task.update(last_punished_step(task.config))
    return stations_of


HEADS, TAILS = 0.1, 0.9


@pytest.mark.parametrize("recipe", ["paper", "official"])
def test_each_gradient_goes_by_the_ways_of_its_recipe_and_no_other(recipe, monkeypatch):
    expected = {loss: set(stations.split()) for loss, stations in WAYS[recipe].items()}
    assert ways(Config.preset(recipe, **MORE[recipe]), monkeypatch, HEADS) == expected


def test_by_the_other_side_of_the_coin_eq_5_goes_through_the_swap(monkeypatch):
    assert ways(Config.preset("official"), monkeypatch, TAILS)["code2"] == {"G1", "G1<s", "E_s1"}


@pytest.mark.parametrize(
    ("punishment", "expected"), [(0.01, ["generated", "punishment", "real"]), (0.0, ["generated", "real"])]
)
def test_d_learns_from_real_and_generated_patches_and_from_its_punishment(punishment, expected, monkeypatch):
    task = new_witness(Config.preset("paper", **{"losses.punishment": punishment}))
    loss_of_d, norm, terms, learns_from = task.discriminator_loss, L.gradient_punishment, {}, []

    def watched_loss(real, generated):
        terms["real"], terms["generated"] = real[0], generated[0]
        return loss_of_d(real, generated)

    def watched_norm(real, x):
        terms["punishment"] = norm(real, x)
        return terms["punishment"]

    def note(weights, losses):
        if set(losses) == {"D"}:
            there = {name: x for name, x in terms.items() if x.requires_grad}
            reached = flow.with_gradient(losses["D"], list(there.values()))
            learns_from.extend(name for name, has in zip(there, reached, strict=True) if has)

    monkeypatch.setattr(task, "discriminator_loss", watched_loss)
    monkeypatch.setattr(L, "gradient_punishment", watched_norm)
    monkeypatch.setattr(task, "add_gradients", note)
    task.update(last_punished_step(task.config))
    assert sorted(learns_from) == expected
