"""Recipes, scales, and what a config says to a wrong name or value."""

import dataclasses
import math

import pytest
import yaml

from dgnet_lite.config import SECTIONS, Config
from dgnet_lite.presets import RECIPES, SCALES

EVERY_PRESET = [(recipe, scale) for recipe in RECIPES for scale in SCALES]


# Presets


@pytest.mark.parametrize(("recipe", "scale"), EVERY_PRESET)
def test_a_preset_knows_its_recipe_and_scale(recipe, scale):
    config = Config.preset(recipe, scale)
    assert (config.recipe, config.scale) == (recipe, scale)


@pytest.mark.parametrize(
    ("setting", "paper"),
    [
        ("data.height", 256),
        ("networks.backbone", "resnet50"),
        ("networks.feature_dim", 512),
        ("networks.structure_channels", 128),
        ("losses.img", 5.0),
        ("losses.code", 1.0),
        ("losses.id_s", 1.0),
        ("losses.id_c", 0.5),
        ("losses.adv", 1.0),
        ("losses.prim", 2.0),
        ("losses.alpha", 0.2),
        ("optim.steps", 100_000),
        ("optim.lr_appearance", 0.002),
        ("optim.momentum", 0.9),
        ("optim.lr_generator", 1e-4),
        ("optim.lr_discriminator", 1e-4),
        ("optim.adam_betas", (0.0, 0.999)),
        ("beta", 0.5),
    ],
)
def test_the_full_paper_preset_has_the_numbers_of_section_4(setting, paper):
    assert value_of(Config.preset("paper", "full"), setting) == paper


def test_the_recipes_differ_where_the_release_leaves_the_paper_and_nowhere_else():
    different = Config.preset("paper", "full").differences(Config.preset("official", "full"))
    assert sorted(different) == sorted(
        [
            "recipe",
            "networks.head_pool",
            "losses.judge_frozen",
            "losses.directions",
            "data.erasing",
            "data.partners",
            "networks.aspp",
            "networks.code_slices",
            "losses.cycle",
            "losses.code_from_start",
            "losses.adversarial",
            "losses.adversarial_factor",
            "losses.code_detached",
            "losses.code1_trains_generator",
            "losses.code2_alternates",
            "losses.id_on_positives",
            "losses.fine_on_real",
            "losses.teacher_batch_statistics",
            "losses.teacher_mirror",
            "optim.head_lr_factor",
            "optim.nesterov",
        ]
    )


@pytest.mark.parametrize("part", [RECIPES, SCALES], ids=["recipes", "scales"])
def test_every_number_in_a_preset_names_a_setting(part):
    known = {f"{section}.{f.name}" for section in SECTIONS for f in dataclasses.fields(getattr(Config(), section))}
    assert {name for preset in part.values() for name in preset} <= known


def test_overrides_win_over_recipe_and_scale():
    config = Config.preset("official", "smoke", **{"data.erasing": 0.25, "seed": 7})
    assert (config.data.erasing, config.seed) == (0.25, 7)


def test_replace_leaves_the_original_as_it_was():
    config = Config.preset("paper", "smoke")
    config.replace(**{"optim.steps": 99})
    assert config.optim.steps == 12


def test_replace_changes_nothing_else():
    config = Config.preset("paper", "smoke")
    assert config.replace(**{"optim.steps": 99}).differences(config) == ["optim.steps"]


def test_a_list_will_do_for_a_tuple():
    assert Config().replace(**{"networks.structure_dilations": [2, 4]}).networks.structure_dilations == (2, 4)


# YAML


@pytest.mark.parametrize(("recipe", "scale"), EVERY_PRESET)
def test_yaml_gives_back_the_same_config(recipe, scale):
    config = Config.preset(recipe, scale, **{"seed": 3, "optim.lr_generator": 3e-05})
    assert Config.from_yaml(config.to_yaml()) == config


def test_yaml_is_read_from_a_file(tmp_path):
    config = Config.preset("official", "toy")
    (tmp_path / "config.yaml").write_text(config.to_yaml())
    assert Config.from_yaml(tmp_path / "config.yaml") == config


def test_a_config_written_before_a_field_was_added_has_its_default():
    """A run stored by an earlier version is of the same settings, and can be gone on with."""
    added = ("code_ramp", "directions", "judge_frozen", "teacher_label", "teacher_dropout")
    config = Config.preset("official", "toy")
    stored = config.to_dict()
    del stored["optim"]["lr_steps"]
    for name in added:
        del stored["losses"][name]
    assert Config.from_dict(stored) == config


def test_yaml_that_is_no_table_is_refused():
    with pytest.raises(ValueError, match="a config is a table of settings"):
        Config.from_yaml("just words")


def test_yaml_with_an_unknown_setting_names_it():
    with pytest.raises(ValueError, match=r"no setting 'optim\.stepps'; did you mean 'optim\.steps'"):
        Config.from_yaml(yaml.safe_dump({"optim": {"stepps": 3}}))


# Wrong names


@pytest.mark.parametrize(
    ("recipe", "scale", "message"),
    [
        ("oficial", "full", "unknown recipe 'oficial'; did you mean 'official'"),
        ("paper", "smok", "unknown scale 'smok'; did you mean 'smoke'"),
        ("paper", "xyz", "unknown scale 'xyz'; known: full, toy, demo, smoke"),
    ],
)
def test_an_unknown_preset_says_what_was_meant(recipe, scale, message):
    with pytest.raises(ValueError, match=message):
        Config.preset(recipe, scale)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("optim.step", "optim.steps"),
        ("losses.adversarial_weight", "losses.adversarial"),
        ("sed", "seed"),
        ("optimiser.steps", "optim.steps"),
        ("steps", "optim.steps"),
    ],
)
def test_an_unknown_setting_says_what_was_meant(wrong, meant):
    with pytest.raises(ValueError, match=f"no setting '{wrong}'; did you mean '{meant}'"):
        Config().replace(**{wrong: 1})


# Wrong values


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("optim.steps", 1.5, "optim.steps is 1.5; it must be int"),
        ("optim.steps", True, "optim.steps is True; it must be int"),
        ("optim.steps", None, "optim.steps is None; it must be int"),
        ("optim.lr_generator", "1e-4", "optim.lr_generator is '1e-4'; it must be float"),
        ("networks.aspp", 1, "networks.aspp is 1; it must be bool"),
        ("networks.backbone_weights", 3, r"networks.backbone_weights is 3; it must be str \| None"),
        ("networks.structure_dilations", 2, "networks.structure_dilations is 2; it must be tuple"),
        ("networks.structure_dilations", (1, 1.5), "networks.structure_dilations"),
        ("networks.generator_dilations", (), "networks.generator_dilations"),
        ("optim.adam_betas", (0.5,), "optim.adam_betas"),
        ("losses.adversarial", "lsgann", "must be 'log' or 'lsgan'; did you mean 'lsgan'"),
        ("dataset", "market", "dataset is 'market'; it must be 'toymarket' or 'market1501' or 'market1501-val'"),
        ("data", 3, "data is 3; it is a section, with settings such as data"),
        ("data.height", 100, "data.height is 100: it must be a multiple of 32"),
        ("data.height", 32, "data.height is 32: it must be a multiple of 32, at least 64"),
        ("networks.downsamplings", 3, "networks.downsamplings is 3: 1 or 2"),
        ("optim.batch_size", 1, "optim.batch_size is 1; it must be at least 2"),
        ("optim.steps", 0, "optim.steps is 0; it must be at least 1"),
        ("run.log_every", 0, "run.log_every is 0; it must be at least 1"),
        ("losses.punishment_every", 0, "losses.punishment_every is 0; it must be at least 1"),
        ("optim.lr_appearance", -0.1, "optim.lr_appearance is -0.1; it must be at least 0"),
        ("losses.adv", math.nan, "losses.adv is nan; it must be at least 0"),
        ("data.erasing", 1.5, "data.erasing is 1.5; it must be from 0 to 1"),
        ("optim.adam_betas", (0.5, 2.0), "optim.adam_betas is .0.5, 2.0.; it must be from 0 to 1"),
        ("optim.lr_steps", (0.6, 90_000.0), "optim.lr_steps is .0.6, 90000.0.; it must be from 0 to 1"),
        ("optim.lr_steps", (0.9, 0.6), "optim.lr_steps is .0.9, 0.6.; the first must not be after the second"),
        ("losses.code_ramp", 0, "losses.code_ramp is 0; it must be from 0.01 to 1"),
        ("losses.teacher_label", "onehot", "did you mean 'one_hot'"),
    ],
)
def test_a_wrong_value_is_refused_with_the_setting_and_what_it_may_be(setting, value, message):
    with pytest.raises(ValueError, match=message):
        Config().replace(**{setting: value})


def test_nesterov_without_momentum_is_refused():
    with pytest.raises(ValueError, match=r"optim\.nesterov needs a momentum above 0"):
        Config().replace(**{"optim.nesterov": True, "optim.momentum": 0.0})


def test_a_whole_number_will_do_for_a_float():
    assert Config().replace(**{"losses.adv": 0}).losses.adv == 0


# Differences


def test_a_config_does_not_differ_from_itself():
    assert Config.preset("official", "toy").differences(Config.preset("official", "toy")) == []


def test_what_only_changes_how_a_run_is_watched_is_no_difference():
    assert Config().differences(Config().replace(**{"run.log_every": 7})) == []


def value_of(config, setting):
    for name in setting.split("."):
        config = getattr(config, name)
    return config
