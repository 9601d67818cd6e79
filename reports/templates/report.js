"use strict";
// Draws, sorts, filters and searches the findings. All findings stand in #data, by column, each distinct text once.
(async () => {
  const byId = (id) => document.getElementById(id);
  const form = byId("filters"), table = byId("table"), pager = byId("pager");
  const status = byId("count"), person = byId("person"), template = byId("row").content.firstElementChild;
  const number = new Intl.NumberFormat("en");
  const order = new Intl.Collator("en", { numeric: true }).compare;
  const COUNTS = "counted";
  const CHOICES = ["family", "kind", "app", "severity", "disposition"];
  const SEARCHED = ["kind", "app", "account_id", "user_name", "person_id", "person_name", "attribute", "value", "expected",
    "actual", "evidence", "owner", "finding_id", "covered_by", "exception_id", "controls", "severity_why", "action", "risk"];
  const NONE = "\u0000"; // the choice "no app"; no shown text holds this character

  // A browser that cannot unpack the data leaves the first page as it stands, and its note stays true.
  if (!("DecompressionStream" in window)) return;
  const data = await unpack(byId("data").textContent);
  const columns = data.columns;
  for (const names of [data.apps, data.kinds]) Object.setPrototypeOf(names, null); // "constructor" may be an app
  for (const column of Object.values(columns)) column.rows = Int32Array.from(column.rows);
  const at = (name, row) => columns[name].values[columns[name].rows[row]] ?? "";
  const is = (name, row) => at(name, row) === "true";
  const covers = new Map();
  for (let row = 0; row < data.size; row++) {
    const lead = at("covered_by", row);
    if (lead && !covers.has(lead)) covers.set(lead, []);
    if (lead) covers.get(lead).push(row);
  }
  const leading = everyRow().filter((row) => is("lead", row));
  const state = { person: "", sort: "", down: false, page: 0, found: [] };
  const lowered = new Map(), ranks = new Map();

  for (const name of CHOICES) fillChoice(name);
  for (const head of table.tHead.rows[0].cells) addSortButton(head);
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { state.person = ""; update(); }));
  form.addEventListener("change", () => update());
  form.elements.search.addEventListener("input", later(() => update(), 150));
  byId("download").addEventListener("click", download);
  person.querySelector("button").addEventListener("click", () => { state.person = ""; update(); });
  pager.addEventListener("click", turn);
  pager.querySelector("select").addEventListener("change", () => { state.page = 0; draw(); });
  window.addEventListener("hashchange", () => readHash(true));
  openForPrint();
  readHash(location.hash.startsWith("#findings?"));

  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  function everyRow() {
    return Int32Array.from({ length: data.size }, (_, row) => row);
  }

  function later(action, wait) {
    let timer;
    return () => { clearTimeout(timer); timer = setTimeout(action, wait); };
  }

  function named(column, value) {
    if (column === "app") {
      if (value === NONE) return "across apps";
      const app = data.apps[value] ?? { title: value, unproven: "not proven" };
      return app.unproven ? `${app.title}, ${app.unproven}` : app.title;
    }
    return column === "kind" ? data.kinds[value] ?? value : value;
  }

  // Choices

  function fillChoice(name) {
    const { values, rows } = columns[name];
    const counts = new Map();
    for (const row of leading) counts.set(rows[row], (counts.get(rows[row]) ?? 0) + 1);
    const options = [...new Set(rows)].map((code) => [values[code] ?? NONE, counts.get(code) ?? 0]);
    if (name === "severity") options.sort((a, b) => data.severities.indexOf(a[0]) - data.severities.indexOf(b[0]));
    else options.sort((a, b) => order(named(name, a[0]), named(name, b[0])));
    form.elements[name].append(new Option("All", ""));
    if (name === "disposition") {
      const open = having(leading, name, COUNTS).length;
      form.elements[name].append(new Option(`counted (${number.format(open)})`, COUNTS));
    }
    for (const [value, count] of options) {
      form.elements[name].append(new Option(`${named(name, value)} (${number.format(count)})`, value));
    }
  }

  function update() {
    find();
    state.page = 0;
    draw();
    writeHash();
  }

  function find() {
    let rows = form.elements.covered.checked || state.person ? everyRow() : leading;
    for (const name of CHOICES) {
      const wanted = form.elements[name].value;
      if (wanted) rows = having(rows, name, wanted);
    }
    if (state.person) rows = having(rows, "person_id", state.person);
    for (const term of form.elements.search.value.toLowerCase().split(/\s+/).filter(Boolean)) rows = matching(rows, term);
    state.found = sorted(rows);
  }

  function having(rows, name, wanted) {
    if (name === "disposition" && wanted === COUNTS) {
      const counted = new Set(data.counted.map((value) => columns[name].values.indexOf(value)));
      return rows.filter((row) => counted.has(columns[name].rows[row]));
    }
    const column = columns[name], code = wanted === NONE ? -1 : column.values.indexOf(wanted);
    if (code === -1 && wanted !== NONE) return rows.slice(0, 0);
    return rows.filter((row) => column.rows[row] === code);
  }

  // Looks in each distinct text once, then in the rows that hold it.
  function matching(rows, term) {
    const hit = new Uint8Array(data.size);
    for (const name of SEARCHED) {
      if (!lowered.has(name)) lowered.set(name, columns[name].values.map((value) => searchable(name, value)));
      const found = Uint8Array.from(lowered.get(name), (value) => value.includes(term));
      const codes = columns[name].rows;
      if (found.includes(1)) for (const row of rows) if (codes[row] >= 0 && found[codes[row]]) hit[row] = 1;
    }
    return rows.filter((row) => hit[row]);
  }

  function searchable(name, value) {
    return (name === "app" || name === "kind" ? `${value} ${named(name, value)}` : value).toLowerCase();
  }

  // Sorting

  function addSortButton(head) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const key = head.dataset.sort;
      [state.sort, state.down] = state.sort !== key ? [key, false] : state.down ? ["", false] : [key, true];
      for (const other of table.tHead.rows[0].cells) {
        const now = other.dataset.sort === state.sort ? (state.down ? "descending" : "ascending") : "none";
        other.setAttribute("aria-sort", now);
      }
      find();
      state.page = 0;
      draw();
    });
  }

  // The place of each distinct text in the order; worst severity first, the rest by alphabet and number.
  function ranking(name) {
    if (!ranks.has(name)) {
      const values = columns[name].values;
      const key = name === "severity" ? (code) => data.severities.indexOf(values[code]) : null;
      const codes = values.map((_, code) => code);
      codes.sort(key ? (a, b) => key(a) - key(b) : (a, b) => order(named(name, values[a]), named(name, values[b])));
      const places = new Int32Array(values.length);
      codes.forEach((code, place) => { places[code] = place; });
      ranks.set(name, places);
    }
    return ranks.get(name);
  }

  // Rows without a value come last, whichever way the rest is sorted.
  function sorted(rows) {
    if (!state.sort) return rows;
    const places = ranking(state.sort), codes = columns[state.sort].rows, way = state.down ? -1 : 1;
    return rows.slice().sort((a, b) => {
      if (codes[a] < 0 || codes[b] < 0) return (codes[a] < 0) - (codes[b] < 0) || a - b;
      return way * (places[codes[a]] - places[codes[b]]) || a - b;
    });
  }

  // Drawing

  function draw() {
    const size = Number(pager.querySelector("select").value), pages = Math.max(1, Math.ceil(state.found.length / size));
    const start = state.page * size, rows = state.found.slice(start, start + size);
    for (const drawn of [...table.tBodies]) drawn.remove();
    table.append(...(rows.length ? Array.from(rows, drawRow) : [emptyRow()]));
    const range = rows.length ? `${number.format(start + 1)} to ${number.format(start + rows.length)} of ` : "";
    status.textContent = `${range}${number.format(state.found.length)} findings` + doubts();
    pager.hidden = state.found.length <= 50;
    pager.querySelector("span").textContent = `Page ${number.format(state.page + 1)} of ${number.format(pages)}`;
    for (const button of pager.querySelectorAll("button")) {
      const back = ["first", "previous"].includes(button.dataset.page);
      button.disabled = back ? state.page === 0 : state.page === pages - 1;
    }
    drawPerson();
  }

  // A view of an app that is not proven says so, above all when it is empty.
  function doubts() {
    const app = data.apps[form.elements.app.value];
    if (app) return app.unproven ? `. ${app.title}: ${app.unproven}, so more may exist` : "";
    const many = Object.values(data.apps).filter((other) => other.unproven).length;
    return many ? `. ${many} ${many === 1 ? "app is" : "apps are"} not proven, so more may exist` : "";
  }

  function emptyRow() {
    const body = document.createElement("tbody"), cell = body.insertRow().insertCell();
    cell.colSpan = 7;
    cell.textContent = `No finding here${doubts()}.`;
    return body;
  }

  function drawRow(row) {
    const drawn = template.cloneNode(true);
    const app = at("app", row), known = data.apps[app];
    const shown = {
      kind_title: named("kind", at("kind", row)),
      app_title: app ? known?.title ?? app : "across apps",
      app_unproven: app ? (known ? known.unproven : "not proven") : "",
      account: at("user_name", row) || at("account_id", row),
      person: at("person_name", row) || at("person_id", row),
      first_seen_day: at("first_seen", row).slice(0, 10),
      covers: (covers.get(at("finding_id", row)) ?? []).map((other) => named("kind", at("kind", other))).join("; "),
      gate: is("gated", row) ? "gated" : "",
    };
    for (const field of drawn.querySelectorAll("[data-field]")) {
      const text = shown[field.dataset.field] ?? at(field.dataset.field, row);
      field.textContent = text;
      if (!text) (field.closest("dl > div") ?? field).remove();
    }
    drawn.querySelector(".severity").classList.add(at("severity", row));
    const link = drawn.querySelector("[data-person]");
    if (at("person_id", row)) link.href = "#findings?" + new URLSearchParams({ person: at("person_id", row) });
    else link.replaceWith(...link.childNodes);
    return drawn;
  }

  function drawPerson() {
    person.hidden = !state.person;
    if (!state.person) return;
    const rows = having(everyRow(), "person_id", state.person);
    const apps = new Map();
    for (const row of rows) {
      const app = named("app", at("app", row) || NONE);
      apps.set(app, (apps.get(app) ?? 0) + 1);
    }
    const name = rows.length ? at("person_name", rows[0]) : "";
    const where = [...apps].map(([app, count]) => `${app}: ${count}`).join("; ");
    person.querySelector("span").textContent =
      `${name ? `${name}, ` : ""}person ${state.person}: ${rows.length} findings. ${where}`;
  }

  function turn(event) {
    const size = Number(pager.querySelector("select").value), last = Math.ceil(state.found.length / size) - 1;
    const goal = { first: 0, previous: state.page - 1, next: state.page + 1, last }[event.target.dataset?.page];
    if (goal === undefined) return;
    state.page = Math.min(Math.max(goal, 0), Math.max(last, 0));
    draw();
    byId("findings-title").scrollIntoView();
  }

  // The view stands in the address, so that it can be sent and bookmarked

  function writeHash() {
    const wanted = new URLSearchParams();
    for (const name of [...CHOICES, "search"]) if (form.elements[name].value) wanted.set(name, form.elements[name].value);
    if (form.elements.covered.checked) wanted.set("covered", "yes");
    if (state.person) wanted.set("person", state.person);
    const text = wanted.toString();
    if (text) history.replaceState(null, "", `#findings?${text}`);
    else if (location.hash.startsWith("#findings?")) history.replaceState(null, "", "#findings");
  }

  function readHash(go) {
    const [place, text] = location.hash.split("?");
    if (place === "#findings" && text !== undefined) {
      const wanted = new URLSearchParams(text);
      for (const name of [...CHOICES, "search"]) form.elements[name].value = wanted.get(name) ?? "";
      form.elements.covered.checked = wanted.has("covered");
      state.person = wanted.get("person") ?? "";
    } else if (place && go) {
      openTarget(place.slice(1));
      return;
    }
    find();
    state.page = 0;
    draw();
    if (go) {
      byId("findings").scrollIntoView();
      byId("findings-title").focus({ preventScroll: true });
    }
  }

  function openTarget(id) {
    const target = byId(decodeURIComponent(id));
    if (target instanceof HTMLDetailsElement) target.open = true;
  }

  // Paper cannot be opened

  function openForPrint() {
    let closed = [];
    window.addEventListener("beforeprint", () => {
      closed = [...document.querySelectorAll("details:not([open])")];
      for (const details of closed) details.open = true;
    });
    window.addEventListener("afterprint", () => {
      for (const details of closed) details.open = false;
    });
  }

  // The rows found, as CSV that a spreadsheet will not run: the same cells as the CSV report writes

  function cell(text) {
    const space = " \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000", trigger = "=+\\-@＝＋－＠";
    const behind = new RegExp(`(?<=[,;|"'])([${space}]*)([${trigger}])`, "gu");
    const mark = (_, gap, sign) => `${gap}⟦U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟧`;
    const safe = text.replace(behind, mark);
    return (new RegExp(`^[${space}]*['${trigger}]`, "u").test(safe) ? `'${safe}` : safe).replaceAll('"', '""');
  }

  function download() {
    const names = Object.keys(columns), lines = [names.map((name) => `"${name}"`).join(",")];
    for (const row of state.found) {
      lines.push(names.map((name) => (columns[name].rows[row] < 0 ? "" : `"${cell(at(name, row))}"`)).join(","));
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" }));
    link.download = "findings-selected.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }
})();
