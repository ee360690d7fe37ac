// Writing a card and choosing a picture: characters left, a preview, an early word on what is refused, and how far
// an upload is. The server decides; everything here only says sooner what it would say.

import { renewKey } from "./key.js";

const MAX_BYTES = 10 * 1024 * 1024;
const TYPES = ["image/jpeg", "image/png", "image/webp", "image/gif"];

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-counted]")) count(event.target);
  changed(event.target.closest("form[data-upload]"));
});
document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-picture]");
  if (box) preview(box, event.target.files[0]);
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form) return;
  event.preventDefault();
  if (!form.dataset.busy) send(form);
});
document.querySelectorAll("[data-counted]").forEach(count);

// A page that comes back from the browser's history may hold a form that was sent already.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-upload]").forEach((form) => (form.dataset.tried = "yes"));
});

// Sent again as it was, a form keeps its key and counts once; changed after a try, it is another write.
function changed(form) {
  if (!form?.dataset.tried) return;
  delete form.dataset.tried;
  renewKey(form);
}

function count(area) {
  const left = area.maxLength - area.value.length;
  const note = document.getElementById(area.dataset.counted);
  note.textContent = `${left} ${left === 1 ? "character" : "characters"} left`;
  note.classList.toggle("count-low", left < 50);
}

function preview(box, file) {
  const image = box.querySelector("[data-picture-preview]");
  const problem = box.querySelector("[data-picture-problem]");
  if (image.src) URL.revokeObjectURL(image.src);
  image.removeAttribute("src");
  problem.textContent = file ? refusal(file) : "";
  problem.hidden = !problem.textContent;
  box.querySelector(".field-problem[id]")?.remove();
  image.hidden = !file || !problem.hidden;
  if (!image.hidden) image.src = URL.createObjectURL(file);
}

function refusal(file) {
  if (!TYPES.includes(file.type)) return "This is not a JPEG, PNG, WebP or GIF picture.";
  if (file.size > MAX_BYTES) return `This picture has ${(file.size / 1048576).toFixed(1)} MiB; up to 10 MiB can be sent.`;
  return "";
}

// XMLHttpRequest, because fetch does not tell how much was sent.
function send(form) {
  const box = form.querySelector("[data-sending]");
  const bar = box.querySelector("progress");
  const words = box.querySelector("[data-sending-words]");
  const stop = box.querySelector("[data-sending-stop]");
  const said = form.querySelector("[data-sending-said]");
  const request = new XMLHttpRequest();
  const say = (text) => {
    words.textContent = text;
    said.textContent = text;
  };
  const hide = (shown) => {
    if (shown === document.activeElement) form.querySelector("button:not([type])").focus();
    shown.hidden = true;
  };
  const over = (text) => {
    delete form.dataset.busy;
    bar.hidden = true;
    hide(stop);
    say(text);
  };
  form.dataset.busy = "yes";
  form.dataset.tried = "yes";
  box.hidden = bar.hidden = stop.hidden = false;
  bar.value = 0;
  stop.onclick = () => request.abort();
  say("Sending");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = (100 * event.loaded) / event.total;
    words.textContent = event.loaded < event.total ? `Sending, ${Math.round(bar.value)} %` : "Nearly there";
  });
  request.upload.addEventListener("load", () => hide(stop)); // what has arrived is being kept
  request.addEventListener("load", () => {
    over("Sent");
    if (request.status < 400) arrived(request);
    else refused(form, request, say);
  });
  request.addEventListener("error", () => over("That did not get through. Your words are still here: try again."));
  request.addEventListener("abort", () => over("Cancelled. Nothing was sent, and everything is still here."));
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "text/html");
  request.send(new FormData(form));
}

// The answer is already the next page. Shown rather than asked for again, or its "new" marks would be gone.
function arrived(request) {
  const url = new URL(request.responseURL);
  if (url.pathname !== location.pathname) {
    location.assign(url);
    return;
  }
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  document.title = page.title;
  document.body.replaceWith(document.adoptNode(page.body));
  history.replaceState(null, "", url);
  document.querySelectorAll("[data-counted]").forEach(count);
  document.getElementById("main").focus({ preventScroll: true });
  scrollTo(0, 0);
}

// The answer is the page with its errors: take over the form from it and keep the chosen file; or an error page: say what it says.
function refused(form, request, say) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const answer = page.querySelector(`form[data-upload][action="${form.getAttribute("action")}"]`);
  if (!answer) {
    say(page.querySelector("main .lead")?.textContent ?? `That was refused (${request.status}). Try again.`);
    return;
  }
  const old = form.querySelector('input[type="file"]');
  const input = answer.querySelector('input[type="file"]');
  const fine = old && input && !answer.querySelector(".picture .field-problem[id]");
  form.replaceWith(document.adoptNode(answer));
  if (fine) input.files = old.files;
  if (input?.files.length) input.dispatchEvent(new Event("change", { bubbles: true }));
  answer.querySelectorAll("[data-counted]").forEach(count);
  answer.querySelector('[aria-invalid="true"]')?.focus();
}
