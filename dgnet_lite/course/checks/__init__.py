"""The checks of all exercises: `from dgnet_lite.course.checks import check_average_precision`.

`core` is what a check is made of; each module `lessonNN` holds the checks of one lesson, and is found by its name.
"""

import importlib
import pkgutil

__all__ = []

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name.startswith("lesson")):
    _found = vars(importlib.import_module(f"{__name__}.{_module}"))
    for _name in [name for name in _found if name.startswith("check_")]:
        if globals().get(_name, _found[_name]) is not _found[_name]:
            raise ImportError(f"{_module} has a {_name}, and so has a lesson before: name one of them otherwise")
        globals()[_name] = _found[_name]
        __all__.append(_name)
