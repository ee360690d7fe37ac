// Follows exports until they are ready. When one is, the page is loaded again for its fresh download link.

const EVERY_MS = 1500;
const WORDS = { queued: "Waiting", running: "Being made" };
const pending = '[data-report-id][data-state="queued"], [data-report-id][data-state="running"]';

async function look(report) {
  const response = await fetch(`/api/v1/reports/${report.dataset.reportId}`, { headers: { Accept: "application/json" } });
  if (!response.ok) return;
  const { state, progress } = await response.json();
  if (!(state in WORDS)) {
    location.reload();
    return;
  }
  report.dataset.state = state;
  report.querySelector("progress").value = progress;
  const words = report.querySelector("[data-report-words]");
  if (words.textContent !== WORDS[state]) words.textContent = WORDS[state];
}

async function round() {
  const reports = [...document.querySelectorAll(pending)];
  if (!reports.length) return;
  // A round that fails changes nothing; the next one may get through.
  if (!document.hidden) await Promise.allSettled(reports.map(look));
  setTimeout(round, EVERY_MS);
}

round();
