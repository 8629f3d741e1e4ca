"""
Owns how an answer's JSON looks like an object; knows no particular answer.

No `from __future__ import annotations` in modules that declare answers: what their
fields hold is read from the annotations.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Self

import orjson

from holybalance.integrations.openai.types.fields import Field, field_of, made

Json = dict[str, Any]
_MISSING = object()


class Answer(Mapping[str, Any]):
    """
    One object of an answer: `answer.name`, or `answer["name"]`.

    Its fields are declared by annotations. One that has not come is `None`; what has
    come and is not declared is kept. Nested objects are made when they are asked for.
    As a mapping it has what has come, so that it can be sent back as it is.
    """

    _fields: ClassVar[Mapping[str, Field]] = {}
    _document: Json

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        own = {
            name: field_of(kind, Answer)
            for name, kind in inspect.get_annotations(cls).items()
            if not name.startswith("_") and kind is not ClassVar
        }
        cls._fields = {**cls._fields, **own}

    def __init__(self, document: Json) -> None:
        self._document = document

    # As an object.

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and (
            name in self._fields or name in self._document
        ):
            return self._value(name)
        kind = type(self).__name__
        raise AttributeError(f"{kind!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            # Not in place: it is the library's own reply as well.
            self.__dict__["_document"] = {**self._document, name: value}
        if name.startswith("_") or name in self._fields:
            self.__dict__[name] = value

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={self._value(name)!r}" for name in self._names())
        return f"{type(self).__name__}({shown})"

    # As a mapping.

    def __getitem__(self, name: str) -> Any:
        if name in self._fields or name in self._document:
            return self._value(name)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return name in self._document

    def __iter__(self) -> Iterator[str]:
        return iter(self._document)

    def __len__(self) -> int:
        return len(self._document)

    def get(self, name: str, default: Any = None) -> Any:
        """Give a field, or the default where it has not come."""
        return self._value(name) if name in self._document else default

    # What pydantic's models have, and the official package's.

    @property
    def model_fields_set(self) -> set[str]:
        """The names of what has come."""
        return set(self._document)

    @property
    def model_extra(self) -> Json:
        """What has come without being declared."""
        names = self._document.keys() - self._fields.keys()
        return {name: self._value(name) for name in self._document if name in names}

    def model_dump(
        self,
        *,
        mode: str = "python",
        include: Any = None,
        exclude: Any = None,
        by_alias: bool | None = None,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        **others: Any,
    ) -> Json:
        """
        Give all of it as a dictionary of JSON's types.

        Args:
            mode: "python" and "json" give the same.
            include: names of this object's fields; others are left out.
            exclude: names of this object's fields to leave out.
            by_alias: names have no aliases.
            exclude_unset: leave out what has not come.
            exclude_defaults: leave out what is `None` and may be missing.
            exclude_none: leave out what is `None`.
            **others: what pydantic has besides; ignored.
        """
        left_out = Excluded(exclude_unset, exclude_defaults, exclude_none)
        dumped = self._dumped(left_out)
        if include is not None:
            wanted = _names_in("include", include)
            dumped = {name: v for name, v in dumped.items() if name in wanted}
        if exclude is not None:
            unwanted = _names_in("exclude", exclude)
            dumped = {name: v for name, v in dumped.items() if name not in unwanted}
        return dumped

    def model_dump_json(
        self, *, indent: int | None = None, ensure_ascii: bool = False, **wishes: Any
    ) -> str:
        """Give all of it as JSON; otherwise as `model_dump`."""
        dumped = self.model_dump(**wishes)
        if indent is None and not ensure_ascii:
            return orjson.dumps(dumped).decode()
        # Imported here: JSON for people is rare.
        import json  # noqa: PLC0415

        separators = (",", ":") if indent is None else None
        return json.dumps(
            dumped, indent=indent, ensure_ascii=ensure_ascii, separators=separators
        )

    def to_dict(self, *, exclude_unset: bool = True, **wishes: Any) -> Json:
        """Give what has come as a dictionary; otherwise as `model_dump`."""
        wishes.pop("use_api_names", None)
        return self.model_dump(exclude_unset=exclude_unset, **wishes)

    def to_json(
        self, *, indent: int | None = 2, exclude_unset: bool = True, **wishes: Any
    ) -> str:
        """Give what has come as JSON; otherwise as `model_dump_json`."""
        wishes.pop("use_api_names", None)
        return self.model_dump_json(
            indent=indent, exclude_unset=exclude_unset, **wishes
        )

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> Self:
        """Give a copy, with some fields replaced."""
        # Imported here: hardly anybody copies an answer.
        import copy  # noqa: PLC0415

        twin = copy.deepcopy(self) if deep else copy.copy(self)
        for name, value in (update or {}).items():
            setattr(twin, name, value)
        return twin

    def _names(self) -> Iterator[str]:
        yield from self._fields
        for name in self._document:
            if name not in self._fields:
                yield name

    def _value(self, name: str) -> Any:
        """Give a field as callers see it; what is made once is kept."""
        field = self._fields.get(name)
        if field is None:
            # Never kept: it may have the name of a method.
            return self._document[name]
        known = self.__dict__.get(name, _MISSING)
        if known is not _MISSING:
            return known
        value = self._document.get(name)
        if field.make is not None:
            value = made(value, field.make, is_list=field.is_list)
        self.__dict__[name] = value
        return value

    def _dumped(self, left_out: Excluded) -> Json:
        dumped: Json = {}
        for name in self._names():
            if left_out.unset and name not in self._document:
                continue
            value = self._value(name)
            if value is None and self._leaves_out_none(name, left_out):
                continue
            dumped[name] = _dumped(value, left_out)
        return dumped

    def _leaves_out_none(self, name: str, left_out: Excluded) -> bool:
        field = self._fields.get(name)
        is_default = field is not None and field.is_optional
        return left_out.none or (left_out.defaults and is_default)


class Excluded(NamedTuple):
    """What is left out of a dictionary."""

    unset: bool
    defaults: bool
    none: bool


def _dumped(value: Any, left_out: Excluded) -> Any:
    if isinstance(value, Answer):
        return value._dumped(left_out)  # noqa: SLF001 its own class
    if isinstance(value, list):
        return [_dumped(item, left_out) for item in value]
    if isinstance(value, dict):
        return {name: _dumped(item, left_out) for name, item in value.items()}
    return value


def _names_in(what: str, names: Any) -> frozenset[str]:
    is_plain = isinstance(names, set | frozenset | list | tuple) and all(
        isinstance(name, str) for name in names
    )
    if not is_plain:
        raise TypeError(f"{what} takes names of fields here, as in {{'usage'}}")
    return frozenset(names)
