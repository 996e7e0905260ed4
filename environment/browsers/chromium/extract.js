// A page as an observation, by the rules of ../extraction.md. Runs in an isolated world, so that a
// page can neither see nor fool it. `observe()` gives a plain object; `table` keeps, per element
// id, the DOM node that the id stands for.
((world) => {
  "use strict";

  const set = (words) => new Set(words.toUpperCase().split(" "));
  const SKIPPED = set("script style template noscript svg head datalist option");
  const BLOCKS = set(
    "address article aside blockquote body dd details dialog div dl dt fieldset figcaption figure " +
      "footer form h1 h2 h3 h4 h5 h6 header hr legend li main nav ol p pre section summary table " +
      "tbody td tfoot th thead tr ul caption",
  );
  const SCOPES = set(
    "article section nav aside main form fieldset li tr table dialog details header footer",
  );
  const ROWS = set("article li tr");
  const HEADINGS = set("h1 h2 h3 h4 h5 h6");
  const LABEL_CONTROLS = set("button select textarea");
  const BUTTON_TYPES = new Set(["submit", "button", "reset", "image"]);
  const SPACE = /[ \t\n\r\f\u00a0]+/g;
  const MAX_TEXT = 4000;
  const MAX_ELEMENTS = 5000;
  const MAX_DEPTH = 600;

  const upper = (node) => (node.tagName || "").toUpperCase();

  // Characters are code points, as in Python.
  function cut(text) {
    if (text.length <= MAX_TEXT) return text;
    const slice = text.slice(0, 2 * MAX_TEXT);
    return Array.from(slice).slice(0, MAX_TEXT).join("");
  }

  function tidy(text) {
    const flat = text.replace(SPACE, " ");
    const start = flat.startsWith(" ") ? 1 : 0;
    const end = flat.length > 1 && flat.endsWith(" ") ? flat.length - 1 : flat.length;
    return cut(flat.slice(start, end));
  }

  function isSkipped(node, tag) {
    return (
      SKIPPED.has(tag) ||
      node.hasAttribute("hidden") ||
      node.getAttribute("aria-hidden") === "true" ||
      (tag === "INPUT" && node.type === "hidden")
    );
  }

  // Text of an element; `mode` is "plain", "label" (no controls) or "alt" (images by their alt).
  function textOf(root, mode) {
    const parts = [];
    const visit = (parent) => {
      for (let node = parent.firstChild; node; node = node.nextSibling) {
        if (node.nodeType === 3 || node.nodeType === 4) {
          parts.push(node.data);
          continue;
        }
        if (node.nodeType !== 1) continue;
        const tag = upper(node);
        if (isSkipped(node, tag)) continue;
        if (tag === "BR") parts.push(" ");
        else if (tag === "IMG" && mode === "alt") parts.push(node.getAttribute("alt") || "");
        else if (mode === "label" && LABEL_CONTROLS.has(tag)) continue;
        else if (BLOCKS.has(tag)) {
          parts.push(" ");
          visit(node);
          parts.push(" ");
        } else visit(node);
      }
    };
    visit(root);
    return tidy(parts.join(""));
  }

  function labelTexts(node) {
    const id = node.getAttribute("id");
    const named = id ? document.querySelector(`label[for="${CSS.escape(id)}"]`) : null;
    const text = named ? textOf(named, "label") : "";
    if (text) return text;
    const around = node.closest("label");
    return around ? textOf(around, "label") : "";
  }

  function referred(node) {
    const ids = (node.getAttribute("aria-labelledby") || "").split(/[ \t\n\r\f]+/).filter(Boolean);
    const found = ids.map((id) => document.getElementById(id)).filter(Boolean);
    return tidy(found.map((one) => textOf(one, "plain")).join(" "));
  }

  function nameOf(node, role) {
    const attribute = (name) => tidy(node.getAttribute(name) || "");
    const own = () => {
      if (role === "link") return textOf(node, "alt");
      const label = labelTexts(node);
      if (label || role !== "button") return label;
      if (upper(node) !== "INPUT") return textOf(node, "alt");
      return ["submit", "button", "reset"].includes(node.type) ? attribute("value") : "";
    };
    return (
      referred(node) || attribute("aria-label") || own() || attribute("title") ||
      attribute("placeholder")
    );
  }

  function stateOf(node, role, disabled) {
    const words = [];
    const is = (name, word) => node.getAttribute(name) === "true" && words.push(word);
    if ((role === "checkbox" || role === "radio") && node.checked) words.push("checked");
    const current = node.getAttribute("aria-current");
    if (current !== null && current !== "false") words.push("current");
    if (role !== "link" && (disabled || node.hasAttribute("disabled"))) words.push("disabled");
    is("aria-expanded", "expanded");
    is("aria-invalid", "invalid");
    is("aria-pressed", "pressed");
    if (role !== "link" && node.hasAttribute("required")) words.push("required");
    return words.join(" ");
  }

  function addressOf(written) {
    const stripped = written.replace(/^[\0- ]+|[\0- ]+$|[\t\n\r]/g, "");
    let url;
    try {
      url = new URL(written, document.baseURI);
    } catch {
      return stripped;
    }
    if (url.protocol !== "http:" && url.protocol !== "https:") return stripped;
    if (url.origin !== location.origin) return url.href;
    return url.pathname + url.search + url.hash;
  }

  const labelOf = (option) => tidy(option.getAttribute("label") || "") || textOf(option, "plain");

  function roleOf(node, tag) {
    if (tag === "A") return node.hasAttribute("href") ? "link" : "";
    if (tag === "BUTTON") return "button";
    if (tag === "SELECT") return "combobox";
    if (tag === "TEXTAREA") return "textbox";
    if (tag !== "INPUT") return "";
    if (BUTTON_TYPES.has(node.type)) return "button";
    if (node.type === "checkbox" || node.type === "radio") return node.type;
    return node.type === "file" ? "" : "textbox";
  }

  function valueOf(node, role) {
    if (role === "combobox") {
      const chosen = node.selectedOptions[0];
      return chosen ? labelOf(chosen) : "";
    }
    if (role !== "textbox") return "";
    if (node.type === "password") return node.value ? "********" : "";
    return cut(node.value.replace(/\r\n?/g, "\n"));
  }

  const hasOwnTextOnly = (tag) => tag === "TEXTAREA" || tag === "SELECT";

  // One walk over a body.
  class Walk {
    constructor() {
      this.rows = [];
      this.table = [];
      this.run = [];
      this.runNode = null;
      this.runAt = null;
      this.full = false;
    }

    emit(node, at, role, name, extra = {}) {
      this.endRun();
      this.push(node, at, role, name, extra);
    }

    push(node, at, role, name, { value = "", state = "", href = "", options = [] } = {}) {
      if (this.rows.length >= MAX_ELEMENTS) {
        this.full = true;
        return;
      }
      this.table.push(node);
      const row = [role, name, value, state, at.scope.heading, at.row, href, at.ugc];
      if (options.length) row.push(options);
      else while (row.length > 2 && !row[row.length - 1]) row.pop();
      this.rows.push(row);
    }

    endRun() {
      if (!this.run.length) return;
      const text = tidy(this.run.join(""));
      this.run = [];
      if (text) this.push(this.runNode, this.runAt, "text", text);
    }

    text(node, at) {
      if (!this.run.length || !tidy(this.run.join(""))) {
        this.runNode = node.parentElement;
        this.runAt = { ...at, scope: { heading: at.scope.heading } };
      }
      this.run.push(node.data);
    }

    children(parent, at, depth) {
      if (depth > MAX_DEPTH) return;
      for (let node = parent.firstChild; node && !this.full; node = node.nextSibling) {
        if (node.nodeType === 1) this.element(node, at, depth);
        else if ((node.nodeType === 3 || node.nodeType === 4) && !at.quiet && !at.inLabel)
          this.text(node, at);
      }
    }

    element(node, outer, depth) {
      const tag = upper(node);
      if (isSkipped(node, tag)) return;
      const at = this.enter(node, tag, outer);
      if (this.control(node, tag, at)) return;
      if (tag === "BR") {
        if (!at.quiet && !at.inLabel) this.run.length && this.run.push(" ");
        return;
      }
      const block = BLOCKS.has(tag) || node.hasAttribute("data-ugc");
      if (block) this.endRun();
      if (!at.quiet && this.named(node, tag, at, depth)) return;
      this.children(node, at, depth + 1);
      if (block) this.endRun();
    }

    enter(node, tag, outer) {
      const at = { ...outer };
      if (SCOPES.has(tag)) at.scope = { heading: outer.scope.heading };
      if (ROWS.has(tag)) at.row = node.getAttribute("id") || outer.row;
      if (node.hasAttribute("data-ugc")) at.ugc = true;
      if (tag === "FIELDSET" && node.hasAttribute("disabled")) at.disabled = true;
      if (tag === "LABEL") at.inLabel = true;
      return at;
    }

    control(node, tag, at) {
      const role = roleOf(node, tag);
      if (!role) return hasOwnTextOnly(tag) || tag === "INPUT";
      const extra = { value: valueOf(node, role), state: stateOf(node, role, at.disabled) };
      if (role === "link") extra.href = addressOf(node.getAttribute("href"));
      if (role === "combobox") extra.options = Array.from(node.options, labelOf);
      this.emit(node, at, role, nameOf(node, role), extra);
      return true;
    }

    // Headings, alerts, statuses, images and times; true when the children have been dealt with.
    named(node, tag, at, depth) {
      const role = node.getAttribute("role");
      if (HEADINGS.has(tag)) {
        at.scope.heading = textOf(node, "plain");
        this.emit(node, at, "heading", at.scope.heading, { state: `level=${tag[1]}` });
      } else if (role === "alert" || role === "status") {
        this.emit(node, at, role, textOf(node, "plain"));
      } else if (tag === "IMG") {
        const alt = tidy(node.getAttribute("alt") || "");
        const source = node.getAttribute("src");
        const href = source ? addressOf(source) : "";
        if (alt) this.emit(node, at, "image", alt, { href });
        return true;
      } else if (tag === "TIME" && node.hasAttribute("datetime")) {
        const value = cut(node.getAttribute("datetime"));
        this.emit(node, at, "text", textOf(node, "plain"), { value });
        return true;
      } else return false;
      this.children(node, { ...at, quiet: true }, depth + 1);
      this.endRun();
      return true;
    }
  }

  const isHtml = () => /^(text\/html|application\/xhtml\+xml)$/.test(document.contentType);
  const isText = () => /^text\/|[/+]json$/.test(document.contentType);

  function lastPart(path) {
    const part = path.replace(/\/+$/, "").split("/").pop();
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  }

  function pageTitle() {
    if (!isHtml()) return lastPart(location.pathname) || location.host;
    const title = document.querySelector("title");
    return title ? tidy(title.textContent) : "";
  }

  function walkDocument() {
    const walk = new Walk();
    const at = { scope: { heading: "" }, row: "", ugc: false, disabled: false };
    if (isHtml()) {
      const body = document.body;
      if (body && !isSkipped(body, "BODY"))
        walk.children(body, { ...at, ugc: body.hasAttribute("data-ugc") }, 0);
      walk.endRun();
    } else if (isText() && document.body) {
      const text = tidy(document.body.textContent);
      if (text) walk.push(document.body, at, "text", text);
    }
    return walk;
  }

  world.observe = () => {
    const walk = walkDocument();
    // Going back gives fresh forms, as in the other browser, and not what was typed before.
    for (const form of document.forms) form.autocomplete = "off";
    world.table = walk.table;
    world.rows = walk.rows;
    const timing = performance.getEntriesByType("navigation")[0];
    return {
      url: location.href.split("#")[0],
      title: pageTitle(),
      status: (timing && timing.responseStatus) || 0,
      elements: walk.rows,
      truncated: walk.full,
    };
  };
  world.table = [];
  world.addressOf = addressOf;
  world.nameOf = nameOf;
  world.roleOf = (node) => roleOf(node, upper(node));
  world.labelOf = labelOf;
})((globalThis.__page ??= {}));
