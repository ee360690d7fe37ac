// Likes and follows without a reload: the form's button asks the API instead.
// Whatever goes wrong (no session, no network, an outage), the form is sent as if this file did not exist.

import { renewKey } from "./key.js";

const token = document.querySelector('meta[name="xsrf-token"]')?.content ?? "";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-toggle]");
  if (!form) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  const on = form.dataset.on !== "true";
  try {
    const response = await fetch(form.dataset.url, {
      method: on ? "PUT" : "DELETE",
      headers: { Accept: "application/json", "X-XSRFToken": token },
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const answer = await response.json();
    if (form.dataset.toggle === "like") showLike(form, answer);
    else showFollow(form, answer);
  } catch {
    form.submit();
  } finally {
    delete form.dataset.busy;
  }
});

function showLike(form, { likes, liked }) {
  turn(form, liked);
  form.querySelector("button").setAttribute("aria-pressed", String(liked));
  form.querySelector("[data-toggle-count]").textContent = likes;
}

function showFollow(form, { following }) {
  const before = form.dataset.on === "true";
  turn(form, following);
  const button = form.querySelector("button");
  const word = form.querySelector("[data-toggle-word]");
  button.dataset.following = String(following);
  button.classList.toggle("button-quiet", following);
  word.textContent = following ? word.dataset.wordOn : word.dataset.wordOff;
  const count = document.querySelector("[data-follow-count]");
  if (count && before !== following) count.textContent = Number(count.textContent) + (following ? 1 : -1);
}

// The form stays a working form: it now does the opposite, and as a write of its own.
function turn(form, on) {
  form.dataset.on = String(on);
  form.action = on ? form.dataset.actionOn : form.dataset.actionOff;
  renewKey(form);
}
