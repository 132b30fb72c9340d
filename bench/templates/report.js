"use strict";
(() => {
  const tasks = [...document.querySelectorAll("details.task")];
  const filter = document.getElementById("filter");
  const shown = document.getElementById("shown");

  // A link into a folded part unfolds everything above it.
  function route() {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
    target.scrollIntoView({ block: "start" });
    const summary = target.querySelector(":scope > summary");
    if (summary) summary.focus({ preventScroll: true });
  }

  function narrow() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const task of tasks) {
      const text = task.dataset.text.toLowerCase();
      task.hidden = !words.every((word) => text.includes(word));
      count += task.hidden ? 0 : 1;
    }
    shown.textContent = words.length ? `${count} of ${tasks.length}` : "";
  }

  function walk(step) {
    const open = tasks.filter((task) => !task.hidden);
    const here = open.findIndex((task) => task.contains(document.activeElement));
    const next = open[here < 0 ? 0 : Math.min(open.length - 1, Math.max(0, here + step))];
    if (!next) return;
    next.querySelector("summary").focus();
    next.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "j") walk(1);
    else if (event.key === "k") walk(-1);
    else if (event.key === "/") {
      event.preventDefault();
      filter.focus();
    }
  });
  filter.addEventListener("input", narrow);
  document.querySelector(".toolbar").hidden = false;
  window.addEventListener("hashchange", route);
  route();
})();
