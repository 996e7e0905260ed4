"""A safe subset of Markdown for what users write.

Blocks: paragraphs, headings, block quotes, lists, fenced code, rules. Spans: code, links, bare
addresses, bold, italic, struck out. Everything else is text; HTML in it is escaped. Links may lead
to http, https, mailto and to paths of this site only.

Not covered: nested lists, reference links, tables, images, inline HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

__all__ = ["markdown"]

_SPAN = re.compile(
    r"\\(?P<literal>[\\`*_{}\[\]()#+.!~>-])"
    r"|`(?P<code>[^`\n]{1,1000})`"
    r"|\[(?P<label>[^\[\]\n]{1,300})\]\((?P<href>[^()\s]{1,2000})(?:\s+\"[^\"\n]{0,300}\")?\)"
    r"|(?P<auto>https?://[^\s<>\"]{1,2000})"
    r"|\*\*(?P<bold>[^\s*](?:[^*\n]{0,1000}[^\s*])?)\*\*"
    r"|\*(?P<italic>[^\s*](?:[^*\n]{0,1000}[^\s*])?)\*"
    r"|(?<!\w)_(?P<under>[^\s_](?:[^_\n]{0,1000}[^\s_])?)_(?!\w)"
    r"|~~(?P<struck>[^\s~](?:[^~\n]{0,1000}[^\s~])?)~~"
)
_SAFE_HREF = re.compile(r"(?:https?://|mailto:|/(?!/)|#)", re.IGNORECASE)
_TAGS = {"bold": "strong", "italic": "em", "under": "em", "struck": "del"}
_LINE_KINDS = (
    ("quote", re.compile(r" {0,3}> ?(.*)")),
    ("ul", re.compile(r" {0,3}[-*+] +(.+)")),
    ("ol", re.compile(r" {0,3}\d{1,9}[.)] +(.+)")),
    ("heading", re.compile(r"#{1,6} +(.+?)(?: +#+)?")),
    ("rule", re.compile(r"(?:-{3,}|\*{3,}|_{3,})\s*()")),
    ("blank", re.compile(r"\s*()")),
)
_QUOTE_DEPTH = 4


def markdown(text: str) -> str:
    """Renders user text as HTML that is safe to embed.

    >>> markdown("**New**, see https://example.org/a?b=1&c.")
    '<p><strong>New</strong>, see <a href="https://example.org/a?b=1&amp;c" rel="nofollow ugc">https://example.org/a?b=1&amp;c</a>.</p>'
    """
    return "\n".join(_blocks(text.splitlines(), _QUOTE_DEPTH))


def _blocks(lines: list[str], depth: int) -> Iterator[str]:
    plain: list[str] = []
    fenced = False
    for line in lines:
        if line.lstrip().startswith("```"):
            if fenced:
                yield f"<pre><code>{escape(chr(10).join(plain))}</code></pre>"
            else:
                yield from _plain_blocks(plain, depth)
            plain, fenced = [], not fenced
        else:
            plain.append(line)
    yield from _plain_blocks(plain, depth)


def _plain_blocks(lines: list[str], depth: int) -> Iterator[str]:
    for kind, group in groupby(map(_classify, lines), key=lambda item: item[0]):
        texts = [text for _, text in group]
        if kind == "quote" and depth > 0:
            yield f"<blockquote>{chr(10).join(_blocks(texts, depth - 1))}</blockquote>"
        elif kind in ("ul", "ol"):
            items = "".join(f"<li>{_spans(text)}</li>" for text in texts)
            yield f"<{kind}>{items}</{kind}>"
        elif kind == "heading":
            yield from (f"<h6>{_spans(text)}</h6>" for text in texts)
        elif kind == "rule":
            yield "<hr>"
        elif kind != "blank":
            yield f"<p>{_spans(chr(10).join(texts))}</p>"


def _classify(line: str) -> tuple[str, str]:
    for kind, pattern in _LINE_KINDS:
        match = pattern.fullmatch(line)
        if match is not None:
            return kind, match[1]
    return "text", line


def _spans(text: str) -> str:
    parts: list[str] = []
    end = 0
    for match in _SPAN.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(_span(match))
        end = match.end()
    parts.append(escape(text[end:]))
    return "".join(parts)


def _span(match: re.Match[str]) -> str:
    kind = match.lastgroup or ""
    if kind == "literal":
        return escape(match["literal"])
    if kind == "code":
        return f"<code>{escape(match['code'])}</code>"
    if kind == "auto":
        return _bare_link(match["auto"])
    if kind == "href":
        if not _SAFE_HREF.match(match["href"]):
            return escape(match[0])
        return _link(match["href"], escape(match["label"]))
    return f"<{_TAGS[kind]}>{_spans(match[kind])}</{_TAGS[kind]}>"


def _bare_link(url: str) -> str:
    address = url.rstrip(".,;:!?'*_")
    if address.endswith(")") and "(" not in address:
        address = address.rstrip(")")
    return _link(address, escape(address)) + escape(url[len(address) :])


def _link(href: str, label: str) -> str:
    return f'<a href="{escape(href)}" rel="nofollow ugc">{label}</a>'
