// Runs among the page's own scripts, before them: tells the isolated world when a fetch starts and
// ends, and keeps new windows in this page. Worlds share nothing but the document, hence events.
(() => {
  "use strict";
  const target = document;
  let last = 0;
  const tell = (id, phase, url, status) =>
    target.dispatchEvent(
      new CustomEvent("page:fetch", { detail: JSON.stringify([id, phase, url, status]) }),
    );

  const watched = (promise, url) => {
    const id = ++last;
    tell(id, "start", url, 0);
    promise.then(
      (answer) => tell(id, "end", url, (answer && answer.status) || 0),
      () => tell(id, "end", url, 0),
    );
    return promise;
  };

  if (window.fetch) {
    const fetch = window.fetch;
    window.fetch = function (input, init) {
      const url = new URL(input && input.url ? input.url : String(input), document.baseURI).href;
      return watched(fetch.call(this, input, init), url);
    };
  }
  for (const reader of ["arrayBuffer", "blob", "formData", "json", "text"]) {
    const read = Response.prototype[reader];
    Response.prototype[reader] = function () {
      return watched(read.call(this), "");
    };
  }
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (...body) {
    const done = new Promise((resolve) =>
      this.addEventListener("loadend", () => resolve({ status: this.status }), { once: true }),
    );
    send.apply(this, body);
    watched(done, this.responseURL || "");
  };
  window.open = (url) => {
    if (url) location.assign(url);
    return url ? window : null;
  };
})();
