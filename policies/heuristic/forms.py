"""Forms: fields matched by label to typed arguments, filled, sent, and checked afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.pages import Click, Element, Fill, Select
from policies.heuristic.scene import Scene
from policies.heuristic.steps import arrive, deliver, do, refused, stop
from policies.heuristic.wishes import Wish
from policies.items import subject_like
from policies.text import fold, likeness
from policies.thesaurus import field_words, interface

__all__ = ["delete", "edit", "submit"]

FIELDS = ("title", "body", "url_field", "forum", "name", "description", "sidebar", "biography")
"""Arguments that are typed into forms; `link` goes into the field for addresses."""
_LABEL_FITS = 0.6
_ENTRIES = {
    "post": "new post",
    "forum": "new forum",
    "message": "new message",
    "comment": "new comment",
}


@dataclass(slots=True)
class _Form:
    """A run of controls that ends with a button."""

    fields: list[int] = field(default_factory=list)
    button: int = -1


def submit(scene: Scene) -> list[Wish]:
    """Returns the next step of filling in and sending a new thing's form."""
    if _was_sent(scene):
        return _after_sending(scene)
    step = arrive(scene, scene.text("url")) or refused(scene)
    if step:
        return step
    wanted = _wanted(scene)
    filled = _work_on_form(scene, wanted)
    return filled or _to_form(scene)


def edit(scene: Scene) -> list[Wish]:
    """Returns the next step of changing a thing that exists."""
    if _was_sent(scene):
        return _after_sending(scene)
    step = arrive(scene, scene.text("url")) or refused(scene)
    if step:
        return step
    if _in_editor(scene):
        filled = _work_on_form(scene, _wanted(scene))
        return filled or stop("action", "the editor has no such field")
    control = _edit_control(scene)
    if control is None:
        return stop("not_allowed", f"{scene.url} offers no way to edit the {scene.kind}")
    return do(Click(control))


def delete(scene: Scene) -> list[Wish]:
    """Returns the next step of removing a thing, its confirmation included."""
    step = arrive(scene, scene.text("url")) or refused(scene)
    if step:
        return step
    last = scene.last
    if last is not None and last.label.startswith("button ") and last.url != scene.url:
        return deliver(scene, {})
    if scene.clicked("delete"):
        for index, element in scene.shown("button"):
            if not element.row and fold(element.name) in interface("delete"):
                return do(Click(index))
        return stop("action", "there is nothing to confirm with")
    item = subject_like(scene.items, scene.kind, scene.text("row"))
    control = item.controls.get("delete") if item is not None else None
    if control is None:
        return stop("not_allowed", f"{scene.url} offers no way to delete the {scene.kind}")
    return do(Click(control))


def _wanted(scene: Scene) -> dict[str, str]:
    """Returns field name to text, of the arguments that a form may want."""
    found = {name: scene.text(name) for name in FIELDS if scene.text(name)}
    if scene.text("link"):
        found["url"] = scene.text("link")
    return found


def _forms(scene: Scene) -> list[_Form]:
    forms, current = [], _Form()
    for index, element in scene.shown("textbox", "combobox", "button"):
        if element.role == "button":
            if current.fields:
                current.button = index
                forms.append(current)
            current = _Form()
        elif not element.row:
            current.fields.append(index)
    return [form for form in forms if not _is_search(scene, form)]


def _is_search(scene: Scene, form: _Form) -> bool:
    names = [fold(scene.elements[index].name) for index in form.fields]
    return len(names) == 1 and names[0] in interface("search")


def _assigned(scene: Scene, form: _Form, wanted: Mapping[str, str]) -> dict[str, int]:
    """Returns argument name to field, best labels first, each field used once."""
    pairs = []
    for name in wanted:
        for index in form.fields:
            label = scene.elements[index].name
            score = max(likeness(word, label) for word in field_words(name))
            if fold(label) in field_words(name):
                score = 1.5
            if score >= _LABEL_FITS:
                pairs.append((score, name, index))
    pairs.sort(key=lambda pair: -pair[0])
    found: dict[str, int] = {}
    for _, name, index in pairs:
        if name not in found and index not in found.values():
            found[name] = index
    return found


def _work_on_form(scene: Scene, wanted: Mapping[str, str]) -> list[Wish] | None:
    best: tuple[int, _Form, dict[str, int]] | None = None
    for form in _forms(scene):
        found = _assigned(scene, form, wanted)
        if found and (best is None or len(found) > best[0]):
            best = len(found), form, found
    needed = [name for name in wanted if name != "forum"]
    if best is None or any(name not in best[2] for name in needed):
        return None
    for name, index in best[2].items():
        step = _fill(scene, index, scene.elements[index], name, wanted[name])
        if step:
            return step
    return do(Click(best[1].button))


def _fill(scene: Scene, index: int, element: Element, name: str, text: str) -> list[Wish] | None:
    if element.role == "combobox":
        return _choose(index, element, text)
    typed = scene.filled_with(index)
    if typed is not None:
        return None
    mode = scene.text("mode")
    if mode in ("append", "prepend") and name in ("body", "biography", "sidebar", "description"):
        parts = [element.value.rstrip("\n"), text]
        text = "\n".join(part for part in (parts if mode == "append" else parts[::-1]) if part)
    elif mode == "substitute":
        text = element.value.replace(scene.text("old"), text)
    return do(Fill(index, text)) if element.value != text else None


def _choose(index: int, element: Element, text: str) -> list[Wish] | None:
    if likeness(text, element.value) >= 0.99:
        return None
    score, option = max(((likeness(text, one), one) for one in element.options), default=(0.0, ""))
    if score < 0.5:
        return stop("not_found", f"{text!r} is no choice of {element.name}")
    return do(Select(index, option), score) if option != element.value else None


def _to_form(scene: Scene) -> list[Wish]:
    """Returns the click on the link that leads to the form; the most specific one is best."""
    meaning = _ENTRIES.get(scene.kind, "new post")
    if scene.clicked(meaning) >= 2:
        return stop("action", "the form does not take these fields")
    wordings = interface(meaning)
    links = [
        (len(element.href), index)
        for index, element in scene.shown("link", "button")
        if not element.ugc and not element.row and fold(element.name) in wordings
    ]
    if not links:
        return stop("not_allowed", f"{scene.url} offers no way to make a {scene.kind}")
    return do(Click(max(links)[1]))


def _was_sent(scene: Scene) -> bool:
    """Returns whether the last click was on the button of a form that was filled in."""
    last = scene.last
    if last is None or not last.label.startswith("button ") or last.action.kind != "click":
        return False
    return any(
        step.action.kind in ("fill", "select") and step.url == last.url for step in scene.history
    ) or _in_editor(scene, last.url)


def _after_sending(scene: Scene) -> list[Wish]:
    last = scene.last
    problem = scene.page.problem or (last.problem if last is not None else "")
    alerts = [element.name for _, element in scene.shown("alert")]
    invalid = [e.name for _, e in scene.shown("textbox", "combobox") if "invalid" in e.state]
    if problem or alerts or invalid:
        said = problem or "; ".join(alerts) or f"invalid: {invalid}"
        return stop("not_allowed", f"rejected: {said}")
    if scene.page.status >= 400:
        return refused(scene) or []
    return deliver(scene, {"url": scene.url, "title": scene.text("title")})


def _in_editor(scene: Scene, url: str = "") -> bool:
    tail = (url or scene.url).split("?")[0].rstrip("/").rpartition("/")[2]
    return (
        tail.casefold().startswith(("edit_", "edit-"))
        or tail.casefold() == "edit"
        or (not url and any(fold(_control(step.label)) in _EDITS for step in scene.moves[-1:]))
    )


_EDITS = frozenset((*interface("edit"), *interface("edit biography"), *interface("edit forum")))


def _control(label: str) -> str:
    return label.partition(" ")[2].partition(" @")[0]


def _edit_control(scene: Scene) -> int | None:
    if scene.kind in ("post", "comment"):
        item = subject_like(scene.items, scene.kind, scene.text("row"))
        return item.controls.get("edit") if item is not None else None
    meaning = "edit forum" if scene.kind == "forum" else "edit biography"
    return scene.link_named(meaning)
