// Acts on the elements that extract.js found, and waits for what an action started. Every entry
// point gives a promise of one string of JSON: {problem, page} or {mouse} or {key}.
((world) => {
  "use strict";

  const pending = new Map();
  const CLICKABLE = new Set(["link", "button", "checkbox", "radio", "textbox", "combobox"]);
  const KEYS = new Set(["Enter", "Space", " ", "Tab", "Escape"]);
  const WEB = /^https?:/i;
  const ROUNDS_AFTER_FETCH = 4;
  const channel = new MessageChannel();
  let wake = () => {};
  let jsonForm = "";
  let refused = "";
  let hasFetched = false;

  const wakeUp = () => {
    wake();
    wake = () => {};
  };
  const nextTask = () =>
    new Promise((resolve) => {
      channel.port1.onmessage = resolve;
      channel.port2.postMessage(0);
    });
  const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  document.addEventListener("page:fetch", (event) => {
    const [id, phase, url, status] = JSON.parse(event.detail);
    hasFetched = true;
    if (phase === "start") pending.set(id, url);
    else {
      pending.delete(id);
      if (url && url === jsonForm && (status < 200 || status > 299))
        refused = `the site answered ${status}`;
      wakeUp();
    }
  });
  window.addEventListener(
    "submit",
    (event) => {
      const path = event.target.getAttribute("data-json-action");
      jsonForm = path ? new URL(path, document.baseURI).href : "";
    },
    true,
  );

  // Two tasks let a submission or a reload that a handler asked for reach the browser. After a fetch
  // the page goes on by timers and messages of its own, each a task behind the one that made it.
  async function quiet(limitMs) {
    const end = performance.now() + limitMs;
    // Not `readyState`: at "interactive" the deferred scripts, and the style sheets that they wait
    // for, may still be under way; then forms lack their scripts and the layout shifts.
    const [entry] = performance.getEntriesByType("navigation");
    const isLoading = entry ? entry.domContentLoadedEventStart === 0 : false;
    if (document.readyState === "loading" || (isLoading && document.readyState !== "complete"))
      await new Promise((resolve) =>
        document.addEventListener("DOMContentLoaded", resolve, { once: true }),
      );
    let rounds = hasFetched ? ROUNDS_AFTER_FETCH : 1;
    while (rounds > 0) {
      await delay(0);
      await nextTask();
      rounds -= 1;
      const left = end - performance.now();
      if (!pending.size || left <= 0) continue;
      rounds = ROUNDS_AFTER_FETCH;
      await Promise.race([new Promise((resolve) => (wake = resolve)), delay(left)]);
    }
  }

  async function settled(problem, limitMs) {
    await quiet(limitMs);
    const ready = document.readyState === "complete";
    return JSON.stringify({ problem: problem || refused, ready, page: world.observe() });
  }

  // A trial of the same form that a browser makes; says which control holds it back.
  function formProblem(form, submitter) {
    if (!form || form.noValidate || (submitter && submitter.formNoValidate)) return "";
    for (const control of form.elements) {
      if (!control.willValidate || control.validity.valid) continue;
      const kind = control.validity.valueMissing ? "required" : "invalid";
      return `${kind}: ${world.nameOf(control, world.roleOf(control))}`;
    }
    return "";
  }

  const isSubmit = (node) => node.type === "submit" || node.type === "image";

  // Why pressing a submit button would send nothing, empty when it would.
  function sendProblem(form, submitter) {
    const problem = formProblem(form, submitter);
    if (problem || !form) return problem;
    const action = submitter && submitter.hasAttribute("formaction") ? submitter : form;
    const written = action.getAttribute(action === form ? "action" : "formaction") || "";
    const address = world.addressOf(written);
    return /^[a-z][a-z0-9+.-]*:/i.test(address) && !WEB.test(address)
      ? `cannot open ${written}`
      : "";
  }

  // The button that Enter in a textbox presses; image buttons are not among a form's elements.
  function submitterOf(form) {
    const all = document.querySelectorAll("button, input");
    return Array.from(all).find((node) => node.form === form && isSubmit(node));
  }

  function stayHere(node) {
    const link = node.closest("a[target], area[target]");
    if (link) link.target = "_self";
    const form = node.form || node.closest("form");
    if (form && form.target) form.target = "_self";
    if (node.formTarget) node.formTarget = "_self";
  }

  // The middle of the first line of the element, if the mouse would hit it there.
  function point(node) {
    node.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    for (const box of node.getClientRects()) {
      const x = box.x + box.width / 2;
      const y = box.y + box.height / 2;
      if (box.width < 1 || box.height < 1 || x < 0 || y < 0) continue;
      const hit = document.elementFromPoint(x, y);
      if (hit && (node.contains(hit) || hit.closest("label")?.control === node)) return [x, y];
    }
    return null;
  }

  function click(node, role, index) {
    if (role === "combobox") {
      node.focus(); // its list is a window of the system's, nothing to click in
      return {};
    }
    if (role === "link" && !/^(https?|javascript):$/.test(node.protocol))
      return { problem: `cannot open ${world.rows[index][6] || ""}` };
    if (isSubmit(node)) {
      const problem = sendProblem(node.form, node);
      if (problem) return { problem };
    }
    stayHere(node);
    const mouse = point(node);
    if (mouse) return { mouse };
    node.click();
    return {};
  }

  // Set in the isolated world, the value does not pass by what a framework put on the node itself,
  // so that the framework notices the change.
  function fill(node, text) {
    if (node.readOnly) return {};
    node.focus();
    node.value = text;
    node.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
    node.dispatchEvent(new Event("change", { bubbles: true }));
    return {};
  }

  function select(node, label, index) {
    const isOpen = (one) => !one.disabled && !one.closest("optgroup[disabled]");
    const options = Array.from(node.options).filter(isOpen);
    const option = options.find((one) => world.labelOf(one) === label);
    if (!option) return { problem: `no option '${label}' in element ${index}` };
    node.focus();
    node.selectedIndex = option.index;
    node.dispatchEvent(new Event("input", { bubbles: true }));
    node.dispatchEvent(new Event("change", { bubbles: true }));
    return {};
  }

  function press(node, role, key, index) {
    if (!KEYS.has(key)) return { problem: `key '${key}' does nothing` };
    const isSpace = key === "Space" || key === " ";
    const isClick =
      (key === "Enter" && (role === "link" || role === "button")) ||
      (isSpace && ["button", "checkbox", "radio"].includes(role));
    if (isClick) return click(node, role, index);
    if (role === "combobox" || isSpace) return {};
    const isText = node.tagName === "TEXTAREA";
    if (key === "Enter" && !isText && node.form) {
      const submitter = submitterOf(node.form);
      if (submitter && submitter.matches(":disabled")) return {};
      const problem = submitter ? sendProblem(node.form, submitter) : "";
      if (problem) return { problem };
      stayHere(submitter || node);
    }
    node.focus();
    if (isText) node.setSelectionRange(node.value.length, node.value.length);
    return { key };
  }

  const fits = (kind, role) =>
    kind === "fill" ? role === "textbox"
    : kind === "select" ? role === "combobox"
    : CLICKABLE.has(role);

  function start(kind, index, argument) {
    const node = world.table[index];
    if (!node || !node.isConnected) return { problem: `no such element: ${index}` };
    const role = world.rows[index][0];
    if (!fits(kind, role)) {
      const article = /^[aeiou]/.test(role) ? "an" : "a";
      return { problem: `element ${index} is ${article} ${role}: cannot ${kind} it` };
    }
    if (role !== "link" && (node.matches(":disabled") || node.closest("fieldset[disabled]")))
      return { problem: `element ${index} is disabled` };
    if (kind === "click") return click(node, role, index);
    if (kind === "fill") return fill(node, argument);
    if (kind === "select") return select(node, argument, index);
    return press(node, role, argument, index);
  }

  world.settled = settled;
  world.act = async (kind, index, argument, limitMs) => {
    pending.clear(); // what was under way before is not this action's doing
    jsonForm = refused = "";
    hasFetched = false;
    const todo = start(kind, index, argument);
    if (todo.mouse || todo.key) return JSON.stringify(todo);
    return settled(todo.problem, limitMs);
  };
})((globalThis.__page ??= {}));
