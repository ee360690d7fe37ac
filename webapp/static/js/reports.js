// Follows exports until they are ready. When one is, the page is loaded again for its fresh download link.
// The newest one is streamed: the browser comes back by itself if the server goes away. The others, and what cannot be
// streamed, are asked for again and again.

const EVERY_MS = 1500;
const WORDS = { queued: "Waiting", running: "Being made" };
const pending = '[data-report-id][data-state="queued"], [data-report-id][data-state="running"]';
let streamed = null;

function show(report, { state, progress }) {
  if (!(state in WORDS)) {
    location.reload();
    return;
  }
  report.dataset.state = state;
  report.querySelector("progress").value = progress;
  const words = report.querySelector("[data-report-words]");
  if (words.textContent !== WORDS[state]) words.textContent = WORDS[state];
}

function stream(report) {
  const source = new EventSource(`/api/v1/reports/${report.dataset.reportId}/events`);
  streamed = report;
  source.addEventListener("report", (event) => show(report, JSON.parse(event.data)));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) streamed = null; // refused for good: ask instead
  });
  addEventListener("pagehide", () => source.close());
}

async function look(report) {
  const response = await fetch(`/api/v1/reports/${report.dataset.reportId}`, { headers: { Accept: "application/json" } });
  if (response.ok) show(report, await response.json());
  else if (response.status === 401 || response.status === 404) report.dataset.state = "unknown"; // no use asking again
}

async function round() {
  const reports = [...document.querySelectorAll(pending)];
  if (!reports.length) return;
  // A round that fails changes nothing; the next one may get through.
  if (!document.hidden) await Promise.allSettled(reports.filter((report) => report !== streamed).map(look));
  setTimeout(round, EVERY_MS);
}

const newest = document.querySelector(pending);
if (newest && "EventSource" in window) stream(newest);
round();
