"use strict";
const search = document.getElementById("search");
const nothing = document.getElementById("nothing");
const rows = [...document.querySelectorAll("[data-row]")];

search.addEventListener("input", () => {
  const wanted = search.value.trim().toLowerCase();
  const found = (row) => wanted === "" || row.textContent.toLowerCase().includes(wanted);
  for (const row of rows) row.classList.toggle("hidden", !found(row));
  for (const part of document.querySelectorAll("section, details")) {
    const own = [...part.querySelectorAll("[data-row]")];
    const isNamed = part.matches(".file") && found(part.querySelector("summary"));
    const hasMatch = isNamed || own.some((row) => !row.classList.contains("hidden"));
    part.classList.toggle("hidden", wanted !== "" && !hasMatch);
    if (wanted !== "" && hasMatch && part.matches("section > details")) part.open = true;
  }
  document.body.classList.toggle("searching", wanted !== "");
  nothing.hidden = wanted === "" || rows.some((row) => !row.classList.contains("hidden"));
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && document.activeElement === search) {
    search.value = "";
    search.dispatchEvent(new Event("input"));
    search.blur();
  }
});

const nav = document.querySelector("nav");
for (const title of document.querySelectorAll("main > section > h2")) {
  const link = document.createElement("button");
  link.type = "button";
  link.textContent = title.textContent.split(/[:：]/)[0].replace(/\s*[(（].*/, "");
  link.addEventListener("click", () => title.scrollIntoView({ behavior: "smooth" }));
  nav.append(link);
}
if (nav.children.length < 4) nav.remove();

function copy(element) {
  if (!navigator.clipboard) return;
  navigator.clipboard.writeText(element.textContent).then(() => {
    element.classList.add("copied");
    setTimeout(() => element.classList.remove("copied"), 900);
  });
}
for (const element of document.querySelectorAll("code.copy")) {
  element.addEventListener("click", () => copy(element));
  element.addEventListener("keydown", (event) => { if (event.key === "Enter") copy(element); });
}

for (const table of document.querySelectorAll("table[data-fold]")) {
  const button = table.parentElement.nextElementSibling;
  table.classList.add("folded");
  button.hidden = false;
  button.addEventListener("click", () => {
    table.classList.remove("folded");
    button.remove();
  });
}

const size = (text) => {
  const number = parseFloat(text.replace(/,/g, "").replace(/([+-]?)Inf/, "$1Infinity"));
  return text.startsWith("NaN") ? Infinity : number;
};
function sorted(body, column, isDown) {
  const cell = (row) => row.cells[column].textContent.trim();
  const order = (a, b) => {
    const [x, y] = [size(cell(a)), size(cell(b))];
    const byText = cell(a).localeCompare(cell(b), "en", { numeric: true });
    const up = Number.isNaN(x) || Number.isNaN(y) ? byText : x < y ? -1 : x > y ? 1 : 0;
    return isDown ? -up : up;
  };
  return [...body.rows].sort(order);
}
for (const head of document.querySelectorAll("thead th")) {
  if (!head.textContent) continue;
  head.tabIndex = 0;
  const sort = () => {
    const isDown = head.getAttribute("aria-sort") !== "descending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    const body = head.closest("table").tBodies[0];
    body.append(...sorted(body, head.cellIndex, isDown));
  };
  head.addEventListener("click", sort);
  head.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); }
  });
}

for (const svg of document.querySelectorAll("svg[data-curve]")) {
  const [steps, values] = JSON.parse(svg.dataset.curve);
  const first = Math.min(...steps), last = Math.max(...steps);
  const readout = svg.closest("figure").querySelector(".readout");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  line.setAttribute("class", "pointer");
  let at = steps.length - 1;
  const show = (index) => {
    at = Math.min(Math.max(index, 0), steps.length - 1);
    const x = 100 * (steps[at] - first) / Math.max(last - first, 1e-12) + "%";
    for (const name of ["x1", "x2"]) line.setAttribute(name, x);
    line.setAttribute("y1", 8);
    line.setAttribute("y2", svg.clientHeight - 22);
    svg.append(line);
    const value = values[at] === null ? "NaN" : values[at];
    readout.textContent = `${svg.dataset.step} ${steps[at]}: ${value}`;
  };
  const hide = () => { line.remove(); readout.textContent = ""; };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const step = first + (event.clientX - box.left) / box.width * (last - first);
    let best = 0;
    for (let i = 1; i < steps.length; i += 1) {
      if (Math.abs(steps[i] - step) < Math.abs(steps[best] - step)) best = i;
    }
    show(best);
  });
  svg.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(at - 1);
    else if (event.key === "ArrowRight") show(at + 1);
    else return;
    event.preventDefault();
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
}

addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
