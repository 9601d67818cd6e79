"use strict";
(() => {
  const packet = document.getElementById("packet");
  const about = packet.dataset;
  const items = [...packet.querySelectorAll(".item")];
  const key = `scimaudit-review-${about.packet}`;
  const decisions = new Map();
  let looked = Date.now();

  // Some browsers keep nothing for a page that was opened from a file.
  const store = {
    read() { try { return JSON.parse(localStorage.getItem(key)) || []; } catch { return []; } },
    write(rows) { try { localStorage.setItem(key, JSON.stringify(rows)); } catch { /* the saved file is what counts */ } },
  };

  function rows() {
    return items.map((item) => decisions.get(item.dataset.item)).filter(Boolean);
  }

  function lacking() {
    return rows().filter((row) => row.decision !== "certify" && !row.rationale.trim());
  }

  function tell() {
    const done = rows().length;
    document.getElementById("progress").textContent = `${done} of ${items.length} decided`;
    const only = document.getElementById("open-only").checked;
    for (const item of items) {
      const decided = decisions.has(item.dataset.item);
      item.classList.toggle("decided", decided);
      item.hidden = only && decided;
    }
  }

  function note(item) {
    const chosen = item.querySelector("input[type=radio]:checked");
    if (!chosen) return;
    const before = decisions.get(item.dataset.item);
    const changed = !before || before.decision !== chosen.value;
    const now = Date.now();
    decisions.set(item.dataset.item, {
      item_id: item.dataset.item,
      decision: chosen.value,
      rationale: item.querySelector("textarea").value,
      decided_at: changed ? new Date(now).toISOString() : before.decided_at,
      seconds: changed ? (before ? before.seconds : 0) + (now - looked) / 1000 : before.seconds,
    });
    if (changed) looked = now;
    store.write(rows());
    tell();
  }

  function show(saved) {
    const known = new Map(items.map((item) => [item.dataset.item, item]));
    for (const row of saved) {
      const item = known.get(row.item_id);
      const choice = item && item.querySelector(`input[value="${CSS.escape(row.decision)}"]`);
      if (!choice) continue;
      choice.checked = true;
      item.querySelector("textarea").value = row.rationale;
      decisions.set(row.item_id, row);
    }
    tell();
  }

  function save() {
    const trouble = document.getElementById("trouble");
    const missing = lacking();
    trouble.textContent = missing.length ? `${missing.length} decided without a reason; say why, or certify.` : "";
    if (missing.length) {
      const first = items.find((item) => item.dataset.item === missing[0].item_id);
      first.hidden = false;
      first.querySelector("textarea").focus();
      return;
    }
    const body = {
      format: 1, campaign: about.campaign, reviewer: about.reviewer, packet: about.packet,
      saved_at: new Date().toISOString(), decisions: rows(),
    };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(body, null, 1)], { type: "application/json" }));
    link.download = `${about.file}-decisions.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  for (const item of items) {
    item.addEventListener("change", () => note(item));
    item.querySelector("textarea").addEventListener("input", () => note(item));
  }
  document.getElementById("open-only").addEventListener("change", tell);
  document.getElementById("save").addEventListener("click", save);
  document.getElementById("load").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    const trouble = document.getElementById("trouble");
    try {
      const saved = JSON.parse(await file.text());
      if (saved.packet !== about.packet) throw new Error("it is of another packet");
      show(saved.decisions);
      store.write(rows());
      trouble.textContent = "";
    } catch (error) {
      trouble.textContent = `That file cannot be used: ${error.message}`;
    }
  });
  show(store.read());
})();
