"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  const rows = all(".ranked tbody tr");
  const cards = all(".card");
  addEventListener("beforeprint", () => all("details").forEach((d) => { d.open = true; }));
  if (!rows.length) return;
  all(".js").forEach((part) => { part.hidden = false; });

  const slider = one("capacity");
  const capacity = () => {
    const n = Number(slider.value);
    one("capacity-n").textContent = n;
    one("lowest").textContent = n ? slider.dataset.lowest.split(" ")[n - 1] : "none";
    one("taken").setAttribute("width", (1000 * n) / rows.length);
    rows.forEach((row, i) => {
      row.classList.toggle("in", i < n);
      row.classList.toggle("last-in", i === n - 1 && n < rows.length);
      cards[i].classList.toggle("in", i < n);
    });
    all("[data-mix]").forEach((table) => {
      const key = table.dataset.mix;
      all("[data-name]", table).forEach((line) => {
        const count = rows.slice(0, n).filter((row) => row.dataset[key] === line.dataset.name).length;
        line.querySelector("b").textContent = count;
        line.querySelector("i").style.width = (100 * count) / rows.length + "%";
      });
    });
  };
  slider.addEventListener("input", capacity);
  capacity();

  const find = one("find"), band = one("band"), action = one("action");
  const text = rows.map((row) => row.textContent.toLowerCase());
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    rows.forEach((row, i) => {
      const fits = words.every((word) => text[i].includes(word)) &&
        (!band.value || row.dataset.band === band.value) && (!action.value || row.dataset.action === action.value);
      row.hidden = cards[i].hidden = !fits;
      found += fits;
    });
    one("found").textContent = found === rows.length ? "" : found + " of " + rows.length + " shown";
  };
  [find, band, action].forEach((field) => field.addEventListener("input", filter));
  find.form.addEventListener("submit", (event) => event.preventDefault());
  filter();

  const go = (part) => { part.focus({ preventScroll: true }); part.scrollIntoView({ block: "start" }); };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === find || event.target.tagName === "SELECT") return;
    const open = cards.filter((card) => !card.hidden);
    const at = open.indexOf(event.target.closest ? event.target.closest(".card") : null);
    if (event.key === "j" && at + 1 < open.length) go(open[at + 1]);
    else if (event.key === "k" && at > 0) go(open[at - 1]);
    else if (event.key === "l") one("ranking").scrollIntoView();
    else if (event.key === "/") find.focus();
    else return;
    event.preventDefault();
  });
})();
