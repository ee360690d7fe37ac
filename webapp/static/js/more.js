// "More cards" appends the next page's cards to the list; the link stays a link if that fails.

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-more]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.getAttribute("aria-busy") === "true") return;
  link.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(link.href, { headers: { Accept: "text/html" } });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const cards = page.querySelector("[data-more-list]")?.children ?? [];
    append(link, [...cards], page.querySelector("a[data-more]"));
  } catch {
    location.assign(link.href);
  }
});

// A board that was sorted anew may repeat a card on its next page; one id may stand on a page only once.
function append(link, items, next) {
  const list = document.querySelector("[data-more-list]");
  const fresh = items.filter((item) => !document.getElementById(item.querySelector("[data-card-id]")?.id));
  list.append(...fresh);
  if (next) link.setAttribute("href", next.getAttribute("href"));
  else link.parentElement.remove();
  link.removeAttribute("aria-busy");
  fresh[0]?.querySelector("a")?.focus({ preventScroll: true });
}
