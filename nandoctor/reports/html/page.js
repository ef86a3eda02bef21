"use strict";
const search = document.getElementById("search");
search.addEventListener("input", () => {
  const wanted = search.value.trim().toLowerCase();
  for (const row of document.querySelectorAll("[data-row]")) {
    row.classList.toggle("hidden", wanted !== "" && !row.textContent.toLowerCase().includes(wanted));
  }
  for (const part of document.querySelectorAll("section, details.file")) {
    const rows = [...part.querySelectorAll("[data-row]")];
    const isEmpty = wanted !== "" && rows.every((row) => row.classList.contains("hidden"));
    part.classList.toggle("hidden", isEmpty);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
});
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
for (const svg of document.querySelectorAll("svg[data-curve]")) {
  const [steps, values] = JSON.parse(svg.dataset.curve);
  const [left, right] = svg.dataset.box.split(",").map(Number);
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const first = Math.min(...steps), last = Math.max(...steps);
  const readout = svg.querySelector(".readout");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  line.setAttribute("class", "pointer");
  svg.append(line);
  svg.addEventListener("pointermove", (event) => {
    const at = (event.clientX - svg.getBoundingClientRect().left) / svg.clientWidth * width;
    const step = first + (at - left) / (right - left) * (last - first);
    let best = 0;
    for (let i = 1; i < steps.length; i += 1) {
      if (Math.abs(steps[i] - step) < Math.abs(steps[best] - step)) best = i;
    }
    const x = left + (steps[best] - first) / Math.max(last - first, 1e-12) * (right - left);
    for (const name of ["x1", "x2"]) line.setAttribute(name, x);
    line.setAttribute("y1", 22);
    line.setAttribute("y2", height - 26);
    readout.textContent = `step ${steps[best]}: ${values[best] === null ? "NaN" : values[best]}`;
  });
  svg.addEventListener("pointerleave", () => {
    for (const name of ["x1", "x2", "y1", "y2"]) line.removeAttribute(name);
    readout.textContent = "";
  });
}
