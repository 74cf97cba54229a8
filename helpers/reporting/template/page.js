"use strict";
(() => {
  const words = JSON.parse(document.currentScript.dataset.words);
  const fewest = 8; // rows from which a table can be filtered

  const part = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  const texts = row => [...row.cells].map(cell => cell.textContent.replace(/\u2060/g, "").replace(/\u00a0/g, " ").trim());

  const number = text => {
    const found = text.replace(/,/g, "").replace(/\u2212/g, "-").match(/-?[^\d\-.]{0,4}(\d+(?:\.\d+)?)/);
    return found && /^[^\p{L}]{0,2}\p{Sc}?\d|^[A-Z]{3} \d/u.test(text.replace(/^[\u2212+-]/, "")) ? (found[0].startsWith("-") ? -1 : 1) * found[1] : NaN;
  };

  const compare = (one, other) => {
    const [a, b] = [number(one), number(other)];
    if (Number.isNaN(a) || Number.isNaN(b)) {
      return Number.isNaN(a) && Number.isNaN(b) ? one.localeCompare(other) : Number.isNaN(a) - Number.isNaN(b);
    }
    return a - b;
  };

  const sort = (table, heading) => {
    const at = heading.cellIndex;
    const falls = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", falls ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => (falls ? -1 : 1) * compare(texts(a)[at], texts(b)[at]));
    table.tBodies[0].append(...rows);
  };

  // a cell that a spreadsheet would take for a formula begins with an apostrophe; numbers are none
  const safe = text => (/^[=+\-@\t\r]/.test(text) && !/^[+-]?[\d.,]+( ?%)?$/.test(text) ? `'${text}` : text);

  const csv = table => "\ufeff" + [...table.rows].map(row => texts(row)
    .map(text => `"${safe(text).replace(/"/g, '""')}"`).join(",")).join("\r\n") + "\r\n";

  const download = (table, name) => {
    const address = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv" }));
    part("a", { href: address, download: `${name}.csv` }).click();
    URL.revokeObjectURL(address);
  };

  const filter = (table, wanted) => {
    for (const row of table.tBodies[0].rows) {
      row.hidden = !texts(row).join(" ").toLowerCase().includes(wanted.toLowerCase());
    }
  };

  document.querySelectorAll("figure.table:not(.within)").forEach((figure, i) => {
    const table = figure.querySelector("table");
    const title = (figure.querySelector("figcaption") || {}).textContent || `${document.title} ${i + 1}`;
    for (const heading of table.tHead.rows[0].cells) {
      const sorter = part("button", { type: "button", className: "sorter", title: words.sort }, ...heading.childNodes);
      sorter.addEventListener("click", () => sort(table, heading));
      heading.replaceChildren(sorter);
    }
    const tools = part("p", { className: "tools" });
    if (table.tBodies[0].rows.length >= fewest) {
      const field = part("input", { type: "search", placeholder: words.filter });
      field.setAttribute("aria-label", `${words.filter}: ${title}`);
      field.addEventListener("input", () => filter(table, field.value));
      tools.append(field);
    }
    const saver = part("button", { type: "button", textContent: "CSV", title: words.download });
    saver.setAttribute("aria-label", `${words.download}: ${title}`);
    saver.addEventListener("click", () => download(table, title.slice(0, 80).replace(/[^\p{L}\p{N}]+/gu, "-")));
    tools.append(saver);
    figure.append(tools);
  });

  const enlarge = figure => {
    const drawing = (figure.querySelector(".plot.wide") || figure.querySelector(".plot, .picture")).cloneNode(true);
    const close = part("button", { type: "button", textContent: words.close });
    const dialog = part("dialog", { className: "enlarged" },
      part("p", { className: "caption", textContent: (figure.querySelector("figcaption") || {}).textContent }), drawing, close);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };

  document.querySelectorAll("figure.figure").forEach(figure => {
    if (!figure.querySelector(".plot, .picture")) return;
    const opener = part("button", { type: "button", className: "opener", textContent: "⤢", title: words.enlarge });
    opener.setAttribute("aria-label", `${words.enlarge}: ${(figure.querySelector("figcaption") || {}).textContent || ""}`);
    opener.addEventListener("click", () => enlarge(figure));
    figure.append(opener);
  });
})();
