// Keeps "3 minutes ago" true while a page stays open, in the words of the server's filter `ago`.

const SPANS = [
  [86400, "day"],
  [3600, "hour"],
  [60, "minute"],
];

function inWords(moment) {
  const seconds = Math.max(0, (Date.now() - moment) / 1000);
  const [size, name] = SPANS.find(([span]) => seconds >= span) ?? [];
  if (!size) return "just now";
  const count = Math.floor(seconds / size);
  if (name === "day" && count >= 30) return null; // the server writes the date itself, and that stays true
  return `${count} ${name}${count === 1 ? "" : "s"} ago`;
}

// The first words are the server's: a browser with a wrong clock should not change what was just read.
setInterval(() => {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const text = inWords(Date.parse(time.dateTime));
    if (text && time.textContent !== text) time.textContent = text;
  }
}, 30_000);
