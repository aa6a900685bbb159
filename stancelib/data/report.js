"use strict";
(() => {
  const words = JSON.parse(document.getElementById("words").textContent);
  const tip = document.getElementById("tip");
  const FULL = 1500; // thousandths of a vote that give the darkest shade
  let language = document.documentElement.lang;
  let votes = {};

  const said = (key) => (words[key] || {})[language] || key;
  const formats = new Map(); // to make one takes longer than to write a thousand figures
  const figure = (plain, sign) => {
    const places = (String(plain).split(".")[1] || "").length;
    const key = `${language} ${places} ${sign}`;
    if (!formats.has(key)) {
      const style = { minimumFractionDigits: places, maximumFractionDigits: places, useGrouping: places === 0 };
      if (sign) style.signDisplay = "always";
      formats.set(key, new Intl.NumberFormat(language === "fa" ? "fa-IR" : "en-US", style));
    }
    return formats.get(key).format(plain);
  };
  const vote = (thousandths) => figure((thousandths / 1000).toFixed(2), true);
  const make = (name, text, attributes) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
    return element;
  };

  const speak = (root) => {
    for (const element of root.querySelectorAll("[data-k]")) {
      const key = element.getAttribute("data-k");
      if (words[key]) element.textContent = said(key);
    }
    for (const element of root.querySelectorAll("[data-n]")) element.textContent = figure(element.getAttribute("data-n"));
  };

  // Votes: what a unit is called, which words it is made of, and what each word gets of its votes.
  const named = (unit, text) => {
    const [name, spans] = unit;
    if (spans.length) {
      const places = [...new Set(spans.map(([start, end]) => text.slice(start, end)))].join("، ");
      return name ? `${places} (${said("as_state")})` : places;
    }
    const [kind, value] = String(name).slice(1).split("=");
    return words[`fact_${kind}`] ? `${said(`fact_${kind}`)}: \u2066${/^\d+$/.test(value) ? figure(value) : value}\u2069` : String(name);
  };
  // The words to shade, and for each character which of them it is in, counted from 1.
  const wordsOf = (found, text) => {
    const owner = new Int32Array(text.length);
    const parts = [];
    const every = found.units.flatMap(([, spans]) => spans).sort((a, b) => a[1] - a[0] - (b[1] - b[0]));
    for (const [start, end] of every) if (!owner.subarray(start, end).some(Boolean)) {
      parts.push([start, end]);
      owner.fill(1, start, end);
    }
    parts.sort((a, b) => a[0] - b[0]);
    parts.forEach(([start, end], n) => owner.fill(n + 1, start, end));
    return [parts, owner];
  };
  // A pair's vote is divided between its words, so that the shades of a paragraph add up as its votes do.
  const shares = (found, parts, owner, mode) => {
    const got = parts.map(() => ({ total: 0, units: new Set() }));
    for (const unit of found.units) {
      const [, spans, given] = unit;
      for (const [start, end] of spans) {
        const covered = new Set(owner.subarray(start, end));
        covered.delete(0);
        for (const n of covered) {
          got[n - 1].total += given[mode] / spans.length / covered.size;
          got[n - 1].units.add(unit);
        }
      }
    }
    return got;
  };

  const shade = (par, mode) => {
    const found = votes[par.id];
    if (!found) return;
    const field = par.querySelector(".text");
    const text = field.textContent;
    const [parts, owner] = wordsOf(found, text);
    const content = document.createDocumentFragment();
    let at = 0;
    let first = true;
    shares(found, parts, owner, mode).forEach(({ total, units }, n) => {
      const [start, end] = parts[n];
      content.append(text.slice(at, start));
      at = end;
      if (Math.abs(total) < 20) { content.append(text.slice(start, end)); return; }
      const word = make("span", text.slice(start, end), { class: `w ${total > 0 ? "for" : "con"}`, tabindex: first ? "0" : "-1" });
      first = false;
      const strength = Math.min(Math.abs(total) / FULL, 1) * 0.45;
      const colour = total > 0 ? "11 94 138" : "190 70 0";
      word.style.backgroundColor = `rgb(${colour} / ${strength})`;
      word.style.borderBottomColor = `rgb(${colour} / ${0.25 + 1.6 * strength})`;
      word.figures = [...units].map((unit) => `\u2068${named(unit, text)}\u2069: \u2066${vote(unit[2][mode])}\u2069`);
      content.append(word);
    });
    content.append(text.slice(at));
    field.replaceChildren(content);
    par.dataset.mode = mode;
    for (const chip of par.querySelectorAll("button.chip")) chip.setAttribute("aria-pressed", String(Number(chip.dataset.m) === mode));
    const why = par.querySelector("details");
    if (why.open) tell(par);
    else why.querySelector("table")?.remove();
  };

  const tell = (par) => {
    const found = votes[par.id];
    const mode = Number(par.dataset.mode);
    const text = par.querySelector(".text").textContent;
    const [label, rather] = found.modes[mode];
    const title = label.split(":").map((part, n) => said(n ? part : `topic.${part}`)).join(" · ");
    const caption = rather ? `${said("why_stance")}: ${title} / ${said(rather.split(":")[1])}` : `${said("why_topic")}: ${title}`;
    const table = make("table", undefined, { class: "why" });
    table.append(make("caption", caption));
    const head = make("tr");
    head.append(make("th", said("word"), { scope: "col" }), make("th", said("vote"), { scope: "col" }));
    const row = (name, value) => {
      const line = make("tr");
      const cell = make("th", undefined, { scope: "row" });
      cell.append(make("bdi", name));
      line.append(cell, make("td", vote(value)));
      return line;
    };
    const body = make("tbody");
    body.append(row(said("bias"), found.bias[mode]));
    const units = [...found.units].sort((a, b) => b[2][mode] - a[2][mode]);
    // What is written as 0.00 says nothing by itself: it goes to the small ones of all labels.
    let small = found.small[mode];
    for (const unit of units) {
      if (Math.abs(unit[2][mode]) < 5) small += unit[2][mode];
      else body.append(row(named(unit, text), unit[2][mode]));
    }
    if (small) body.append(row(said("small"), small));
    const foot = make("tfoot");
    foot.append(row(said("sum"), found.bias[mode] + found.small[mode] + units.reduce((sum, unit) => sum + unit[2][mode], 0)));
    if (found.needed[mode] !== null) foot.append(row(said("needed"), found.needed[mode]));
    const top = make("thead");
    top.append(head);
    table.append(top, body, foot);
    const why = par.querySelector("details");
    why.querySelector("table")?.remove();
    why.append(table);
  };

  const show = (word) => {
    tip.textContent = word.figures.join("\n");
    tip.hidden = false;
    word.setAttribute("aria-describedby", "tip");
    const box = word.getBoundingClientRect();
    const left = Math.min(Math.max(box.left, 4), document.documentElement.clientWidth - tip.offsetWidth - 4);
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${box.bottom + scrollY + 4}px`;
  };
  const hide = () => {
    tip.hidden = true;
    document.querySelector("[aria-describedby=tip]")?.removeAttribute("aria-describedby");
  };
  const wordAt = (event) => (event.target instanceof Element && event.target.closest(".w")) || null;
  for (const [on, off] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    document.addEventListener(on, (event) => { const word = wordAt(event); if (word) show(word); });
    document.addEventListener(off, (event) => { if (wordAt(event)) hide(); });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const word = wordAt(event);
    const step = { ArrowLeft: 1, ArrowDown: 1, ArrowRight: -1, ArrowUp: -1 }[event.key];
    if (!word || !step) return;
    event.preventDefault();
    const every = [...word.closest(".text").querySelectorAll(".w")];
    const next = every[every.indexOf(word) + step];
    if (!next) return;
    word.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      if (entry.target.dataset.mode === undefined) shade(entry.target, 0);
    }
  }, { rootMargin: "400px" });

  // The filter.
  const filter = () => {
    const form = document.querySelector(".filter");
    if (!form) return;
    const wanted = Object.fromEntries(new FormData(form));
    // Letters that archives write in two ways; only for the search, the labels have their own folding.
    const plain = (text) => text.replace(/ي/g, "ی").replace(/ك/g, "ک").replace(/[\u200c\u0640\u064b-\u0652]/g, "").toLowerCase();
    const search = plain(wanted.search.trim());
    let count = 0;
    for (const article of document.querySelectorAll("article")) {
      let any = false;
      const outlet = !wanted.outlet || article.dataset.outlet === wanted.outlet;
      for (const par of article.querySelectorAll(".par")) {
        const labels = (par.dataset.l || "").split(" ").filter(Boolean).map((label) => label.split(":"));
        const fits = outlet && (!wanted.only || labels.length)
          && (!(wanted.topic || wanted.stance) || labels.some(([topic, stance]) => (!wanted.topic || topic === wanted.topic) && (!wanted.stance || stance === wanted.stance)))
          && (!search || plain(par.querySelector(".text").textContent).includes(search));
        par.hidden = !fits;
        any ||= fits;
        count += fits;
      }
      article.hidden = !any;
    }
    const shown = document.getElementById("shown");
    shown.textContent = figure(count);
    shown.parentElement.hidden = false;
    document.querySelector(".nothing").hidden = count > 0;
  };

  document.addEventListener("click", (event) => {
    const chip = event.target.closest("button.chip");
    if (chip) shade(chip.closest(".par"), Number(chip.dataset.m));
  });
  document.addEventListener("toggle", (event) => {
    const par = event.target.open && event.target.closest(".par");
    if (!par) return;
    if (par.dataset.mode === undefined) shade(par, 0);
    tell(par);
  }, true);

  // What came with the page or from the server.
  const begin = (root) => {
    votes = Object.assign({}, ...[...root.querySelectorAll("script.votes")].map((script) => JSON.parse(script.textContent)));
    for (const par of root.querySelectorAll(".par")) {
      if (votes[par.id]) seen.observe(par);
    }
    const form = root.querySelector(".filter");
    form?.addEventListener("input", filter);
    form?.addEventListener("submit", (event) => event.preventDefault());
  };

  document.getElementById("language").addEventListener("click", () => {
    language = language === "fa" ? "en" : "fa";
    document.documentElement.lang = language;
    document.documentElement.dir = language === "fa" ? "rtl" : "ltr";
    document.getElementById("language").lang = language === "fa" ? "en" : "fa";
    speak(document);
    for (const par of document.querySelectorAll(".par[data-mode]")) shade(par, Number(par.dataset.mode));
    if (document.querySelector(".status:not([hidden])")) filter();
  });
  addEventListener("beforeprint", () => {
    for (const par of document.querySelectorAll(".par")) if (par.dataset.mode === undefined) shade(par, 0);
  });

  // The page of `stancelib serve`: an article goes out, its paragraphs with their labels come back.
  const serve = (paste) => {
    const [problem, progress] = [".problem", ".progress"].map((name) => paste.querySelector(name));
    const [wordCount, letterCount] = paste.querySelectorAll("#count [data-n]");
    const text = paste.elements.text;
    const most = Number(paste.dataset.most);
    const result = document.getElementById("result");
    const say = (element, key) => {
      element.dataset.k = key;
      element.textContent = key && said(key);
    };
    const count = () => {
      // As the server counts them; a loop, because a copy of a long text at every key would be felt.
      let letters = 0;
      for (let at = 0; at < text.value.length; at += 1, letters += 1) if (text.value.codePointAt(at) > 0xffff) at += 1;
      const long = letters > most;
      wordCount.dataset.n = (text.value.match(/\S+/g) || []).length;
      letterCount.dataset.n = letters;
      speak(wordCount.parentElement);
      text.setAttribute("aria-invalid", String(long));
      if (long !== (problem.dataset.k === "too_long")) say(problem, long ? "too_long" : "");
      return letters;
    };
    const REASONS = { 413: "too_long", 422: "too_many", 503: "busy" };
    const ask = async () => {
      if (paste.hasAttribute("aria-busy")) return;
      const letters = count();
      if (!text.value.trim()) say(problem, "empty");
      if (letters > most || !text.value.trim()) { text.focus(); return; }
      say(problem, "");
      say(progress, "labelling");
      paste.setAttribute("aria-busy", "true");
      let outcome = "";
      try {
        const body = JSON.stringify({ text: text.value });
        const answer = await fetch("page/article", { method: "POST", headers: { "content-type": "application/json" }, body });
        const content = await answer.text();
        if (answer.ok) {
          hide();
          result.innerHTML = content;
          speak(result);
          begin(result);
          result.querySelector("#paragraphs").focus({ preventScroll: true });
          result.scrollIntoView();
          outcome = "ready";
        } else say(problem, REASONS[answer.status] || "refused");
      } catch (error) {
        say(problem, "unreachable");
      } finally {
        paste.removeAttribute("aria-busy");
        say(progress, outcome);
      }
    };
    const put = (value) => {
      text.value = value;
      say(problem, "");
      say(progress, "");
      count();
      text.focus();
    };
    paste.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
    text.addEventListener("input", () => { say(progress, ""); count(); });
    text.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask(); });
    paste.querySelector(".clear").addEventListener("click", () => put(""));
    paste.querySelector(".example").addEventListener("click", (event) => { put(event.currentTarget.dataset.text); ask(); });
    count(); // a browser may have kept the text of an earlier visit
  };

  begin(document);
  document.querySelectorAll(".paste").forEach(serve);
})();
