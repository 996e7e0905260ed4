// Sends forms that have a JSON twin by fetch, and loads the page again when that worked.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const action = form.dataset.jsonAction;
  if (!action) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const answer = await fetch(action, {
    method: "POST", body, credentials: "same-origin", headers: { accept: "application/json" },
  });
  if (answer.ok) location.reload();
});
