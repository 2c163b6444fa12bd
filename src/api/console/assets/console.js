// What pages do beyond links and forms. Every page works without it, but for sending a file with its progress.
// Parts of pages are fetched whole from the node, which escapes them, and taken over as nodes: no text becomes markup here.

import { drawCharts } from "./chart.js";

/** How often a running exchange is looked at, in milliseconds. */
const LOOK_EVERY = 700;

/** Asks for a page as a document. Resolves to its status and the document. */
function ask(method, path, { body, headers = {}, progress } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    request.responseType = "document";
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (progress) request.upload.addEventListener("progress", progress);
    request.addEventListener("load", () => resolve({ status: request.status, page: request.response, url: request.responseURL }));
    request.addEventListener("error", () => reject(new Error("the node cannot be reached")));
    request.send(body);
  });
}

/** Puts the element with an id of a fetched page in the place of this page's. */
function replace(id, page) {
  const fresh = page && page.getElementById(id);
  const old = document.getElementById(id);
  if (!fresh || !old) return false;
  old.replaceWith(document.adoptNode(fresh));
  return true;
}

/** Brings the part of a page that says that it is live up to date until it no longer says so. */
async function follow() {
  while (document.querySelector("#live[data-live]")) {
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY));
    const { page } = await ask("GET", location.href);
    if (!replace("live", page)) return;
  }
}

/** A box in a table's head that chooses all rows. */
function chooseAll() {
  for (const all of document.querySelectorAll("input[data-all]")) {
    all.addEventListener("change", () => {
      for (const box of all.form.querySelectorAll(`input[name="${all.dataset.all}"]`)) box.checked = all.checked;
    });
  }
}

/** Sends a file with its progress, chosen or dropped. */
function imports() {
  const form = document.getElementById("import");
  if (!form) return;
  const file = form.querySelector("input[type=file]");
  const drop = form.querySelector(".drop");
  const say = document.getElementById("import-progress");
  form.querySelector("button").disabled = false;
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) file.files = event.dataTransfer.files;
    guess();
  });
  file.addEventListener("change", guess);
  function guess() {
    const name = file.files.length ? file.files[0].name.toLowerCase() : "";
    const formats = { csv: "csv", ndjson: "ndjson", jsonl: "ndjson", txt: "txt", stix: "stix", misp: "misp" };
    const format = formats[name.split(".").pop()];
    if (format) form.elements.format.value = format;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!file.files.length) { file.focus(); return; }
    await send(form, file.files[0], say);
  });
}

async function send(form, file, say) {
  const button = form.querySelector("button");
  const bar = say.querySelector("progress");
  const text = say.querySelector("p");
  button.disabled = true;
  say.hidden = false;
  const fields = new URLSearchParams();
  for (const name of ["format", "kind", "source", "tlp", "map"]) {
    const value = form.elements[name].value;
    if (value) fields.set(name, value);
  }
  const progress = ({ loaded, total }) => {
    bar.max = total || 1;
    bar.value = loaded;
    text.textContent = loaded < total ? `${Math.floor((100 * loaded) / total)} % sent` : "Sent; the node reads the rest ...";
  };
  try {
    const headers = { "x-csrf-token": form.elements.csrf.value, "content-type": "application/octet-stream" };
    const { page } = await ask("POST", `${form.dataset.to}?${fields}`, { body: file, headers, progress });
    if (!replace("import-report", page)) {
      const told = page && page.querySelector("main");
      const report = document.getElementById("import-report");
      report.replaceChildren(...(told ? document.adoptNode(told).childNodes : []));
    }
    text.textContent = "Done.";
    document.getElementById("import-report").focus();
    // What was imported is in the list from now on.
    replace("listed", (await ask("GET", location.href)).page);
  } catch (error) {
    text.textContent = `It did not work: ${error.message}.`;
  } finally {
    button.disabled = false;
  }
}

chooseAll();
imports();
drawCharts();
follow();
