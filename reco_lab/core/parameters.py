"""One declaration per hyper-parameter: the form, the command line, the tuner and the tests all read it."""

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError
from pydantic.fields import FieldInfo

from reco_lab.core.errors import ParameterError


@dataclass(frozen=True)
class Parameter:
    """What is known of one hyper-parameter."""

    name: str
    kind: Literal["int", "float", "bool", "choice"]
    default: Any
    help: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    @property
    def bounds(self) -> str:
        """The permitted values in words."""
        if self.kind == "choice":
            return "one of " + ", ".join(str(choice) for choice in self.choices)
        if self.kind == "bool":
            return "true or false"
        return f"from {self.low:g} to {self.high:g}"


def tunable(
    default: Any,
    low: float | None = None,
    high: float | None = None,
    *,
    log: bool = False,
    help: str,  # noqa: A002 - the word a form shows
) -> Any:
    """Declare a hyper-parameter: its default, its bounds, whether to search it on a log scale, its meaning.

    Choices come from the field's own `Literal[...]` annotation, so they need no bounds.
    """
    return Field(default, ge=low, le=high, description=help, json_schema_extra={"tunable": True, "log": log})


def parameters_of(spec: type[BaseModel]) -> tuple[Parameter, ...]:
    """All hyper-parameters that a specification declares with `tunable`, in the order of declaration."""
    return tuple(
        _parameter(name, field) for name, field in spec.model_fields.items() if _extra(field).get("tunable")
    )


def explain(owner: str, spec: type[BaseModel], error: ValidationError) -> ParameterError:
    """Turn pydantic's report into one sentence that names the parameter and what is allowed."""
    known = {parameter.name: parameter for parameter in parameters_of(spec)}
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"][:1]) or "?"
    if name in known:
        given = first.get("input")
        return ParameterError(
            f"{owner}: {name} = {given!r} is not allowed; it must be {known[name].bounds}.", key=name
        )
    if first["type"] == "extra_forbidden":
        names = ", ".join(known) or "none"
        return ParameterError(f"{owner} has no parameter {name!r}; it has: {names}.", key=name)
    return ParameterError(f"{owner}: {name}: {first['msg']}.", key=name)


def _parameter(name: str, field: FieldInfo) -> Parameter:
    extra, annotation = _extra(field), field.annotation
    text = field.description or ""
    if get_origin(annotation) is Literal:
        return Parameter(name, "choice", field.default, text, choices=get_args(annotation))
    if annotation is bool:
        return Parameter(name, "bool", field.default, text)
    low, high = _bound(field, "ge"), _bound(field, "le")
    kind: Literal["int", "float"] = "int" if annotation is int else "float"
    return Parameter(name, kind, field.default, text, low, high, bool(extra.get("log")))


def _bound(field: FieldInfo, attribute: str) -> float | None:
    return next((getattr(meta, attribute) for meta in field.metadata if hasattr(meta, attribute)), None)


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
