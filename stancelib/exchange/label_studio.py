"""Label Studio's files <-> objects of a label file, for the labelling interface of `interface.label_studio`.

Read are the exports JSON (``[{"id", "data": {"text"}, "annotations": [{"completed_by", "was_cancelled", "result": […]}]}]``),
JSON-MIN and CSV (one flat record an annotation); what is written is JSON tasks, the only form that Label Studio imports
with annotations and predictions. The control ``topics`` holds the topics, ``stance_<topic>`` the stance of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stancelib.errors import InputError
from stancelib.exchange.items import ID, NO_TOPIC, Guess, Item, cell_value, packed, unpacked

TOPICS, STANCE = "topics", "stance_"
#: What Label Studio adds to a record of JSON-MIN and CSV.
_MIN = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one annotator chose in one task: control -> choices; ``time`` is when, as Label Studio writes it."""

    annotator: str
    choices: Mapping[str, Sequence[str]]
    time: str


@dataclass(frozen=True, slots=True)
class Task:
    """A task of Label Studio's: its id, its data, and its annotations (those that were skipped are none)."""

    id: str
    data: Mapping[str, Any]
    answers: Sequence[Answer]


def is_task(data: Mapping[str, Any]) -> bool:
    """Whether it looks like a task of the JSON export."""
    return isinstance(data.get("data"), Mapping)


def is_minimal(data: Mapping[str, Any]) -> bool:
    """Whether it looks like a record of JSON-MIN or CSV."""
    return "annotation_id" in data and "stance" not in data


def task_of(data: Mapping[str, Any]) -> Task:
    """A task of the JSON export.

    Raises:
        InputError: it is not built as the export is.
    """
    fields = data.get("data")
    if not isinstance(fields, Mapping):
        raise InputError("the task has no data; allowed: the exports JSON, JSON-MIN and CSV of Label Studio")
    answers = []
    for annotation in _objects(data, "annotations"):
        if annotation.get("was_cancelled"):
            continue
        choices: dict[str, list[str]] = {}
        for one in _objects(annotation, "result"):
            value = one.get("value")
            if one.get("type") == "choices" and isinstance(value, Mapping):
                choices.setdefault(str(one.get("from_name")), []).extend(_choices(value))
        answers.append(Answer(_name(annotation.get("completed_by")), choices, _time(annotation)))
    return Task(_id(data), fields, answers)


def task_of_minimal(data: Mapping[str, Any]) -> Task:
    """A record of JSON-MIN or CSV as a task with one annotation."""
    row = {key: cell_value(value) for key, value in data.items()}
    controls = {key: value for key, value in row.items() if key == TOPICS or key.startswith(STANCE)}
    choices = {key: _choices(value) for key, value in controls.items() if value not in (None, "", [])}
    fields = {key: value for key, value in row.items() if key not in controls and key not in _MIN and value != ""}
    answers = [Answer(_name(row.get("annotator")), choices, _time(row))] if choices else []
    return Task(_id(row), fields, answers)


def merged(tasks: Iterable[Task]) -> list[Task]:
    """Tasks with the same id as one, with the annotations of all: JSON-MIN and CSV have a record for each. With another
    text it is a task of another project, whose file was put behind this one."""
    found: dict[tuple[str, str], Task] = {}
    for number, task in enumerate(tasks):
        key = task.id or f" {number}", str(task.data.get("text"))
        known = found.get(key)
        found[key] = Task(task.id, task.data, [*known.answers, *task.answers]) if known else task
    return list(found.values())


def latest(task: Task) -> dict[str, Answer]:
    """Annotator -> what they chose; of several annotations by one the last that was changed."""
    return {answer.annotator: answer for answer in sorted(task.answers, key=lambda answer: answer.time)}


def label_object(task: Task, answer: Answer | None) -> dict[str, Any]:
    """A task with the labels of one annotator as an object of a label file; not annotated where there is no answer.

    Raises:
        InputError: topics or stances are missing, or contradict each other.
    """
    fields = dict(task.data)
    if fields.get(ID) in (None, "") and fields.get("id") in (None, ""):
        fields["id"] = task.id
    head = unpacked(fields, ()) | {"text": task.data.get("text")}
    return head if answer is None else head | _labels(answer)


def _labels(answer: Answer) -> dict[str, Any]:
    topics = list(answer.choices.get(TOPICS, ()))
    who = f"the annotation by {answer.annotator}"
    if not topics:
        raise InputError(
            f"{who} has no choice of {TOPICS}; choose a topic or {NO_TOPIC} (see --config-for label-studio)"
        )
    if NO_TOPIC in topics:
        if len(topics) > 1:
            raise InputError(f"{who} has {NO_TOPIC} beside {next(t for t in topics if t != NO_TOPIC)}; choose one")
        topics = []
    given = {key.removeprefix(STANCE): values for key, values in answer.choices.items() if key.startswith(STANCE)}
    if bare := [topic for topic in topics if len(given.get(topic, ())) != 1]:
        raise InputError(f"{who} has not one stance of {bare[0]} but {len(given.get(bare[0], ()))}; choose one")
    if odd := [topic for topic in given if topic not in topics]:
        raise InputError(f"{who} has a stance of {odd[0]} without the topic; choose both or neither")
    return {"topics": topics, "stance": {topic: given[topic][0] for topic in topics}}


def task(item: Item, guess: Guess | None = None) -> dict[str, Any]:
    """An item as Label Studio imports it: labels become an annotation, a guess becomes a prediction."""
    p = item.paragraph
    made: dict[str, Any] = {"data": {"text": p.text} | packed(item, ())}
    if p.topics is not None:
        # Without completed_by: Label Studio refuses names that are not among its own users.
        made["annotations"] = [{"result": _result(p.topics, p.stance)}]
    if guess is not None:
        result = _result(guess.topics, guess.stance)
        made["predictions"] = [{"model_version": guess.version, "score": guess.score, "result": result}]
    return made


def _result(topics: Sequence[str], stance: Mapping[str, str]) -> list[dict[str, Any]]:
    chosen = {TOPICS: list(topics) or [NO_TOPIC]} | {f"{STANCE}{topic}": [stance[topic]] for topic in topics}
    return [
        {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": choices}}
        for name, choices in chosen.items()
    ]


def _objects(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = data.get(name)
    found = [] if found is None else found
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise InputError(f"{name} must be a list of objects")
    return found


def _choices(value: Any) -> list[str]:
    """The choices of a control: JSON-MIN and CSV write a single one as its text."""
    found = value.get("choices") if isinstance(value, Mapping) else [value]
    if not isinstance(found, list) or not all(isinstance(choice, str) for choice in found):
        raise InputError("choices must be a list of names")
    return found


def _name(value: Any) -> str:
    """Who annotated: a number, a name, or an object with an e-mail address."""
    if isinstance(value, Mapping):
        value = value.get("email") or value.get("username") or value.get("id")
    return "unknown" if value is None or value == "" else str(value)


def _id(data: Mapping[str, Any]) -> str:
    value = data.get("id")
    return str(value) if isinstance(value, str | int | float) else ""


def _time(data: Mapping[str, Any]) -> str:
    return str(data.get("updated_at") or data.get("created_at") or "")
