// Keeps an open board up to date: puts in place the rows that the server sends, lets clocks run, says what changed.
// Everything on the page is there without it.

const board = document.getElementById("board");
const rows = document.getElementById("rows");
const live = document.getElementById("live");
const LONGEST_WAIT = 60_000;

// Time: that of the server, which need not be this machine's, nor pass as fast (the demo's is sixty times as fast).
const clock = {
  server: Date.parse(board.dataset.at),
  here: performance.now(),
  speed: 1,
  now() {
    return this.server + (performance.now() - this.here) * this.speed;
  },
  set(server) {
    const here = performance.now();
    const passed = here - this.here;
    if (passed < 900) return;
    const speed = (server - this.server) / passed;
    this.speed = Math.abs(speed - 1) < 0.2 ? 1 : Math.max(0, Math.min(speed, 1000));
    this.server = server;
    this.here = here;
  },
};

// What is shown is as of now while the server is heard; once it is lost, as of when it was heard last.
let heard = Date.parse(board.dataset.at);

function lost() {
  live.textContent = "· not connected, trying again";
  live.className = "off";
  board.classList.add("old");
  tick();
}

function units(seconds) {
  return [
    ["d", Math.floor(seconds / 86400)],
    ["h", Math.floor(seconds / 3600) % 24],
    ["min", Math.floor(seconds / 60) % 60],
    ["s", seconds % 60],
  ];
}

function spelt(counted) {
  return counted.filter(([, count]) => count).map(([unit, count]) => `${count} ${unit}`).join(" ") || "0 s";
}

function span(milliseconds) {
  const counted = units(Math.max(0, Math.round(milliseconds / 1000)));
  const first = counted.findIndex(([, count]) => count);
  return spelt(first < 0 ? [] : counted.slice(first, first + 2));
}

// No less than what has passed: up to a whole second, from one day on to a whole minute.
function most(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return spelt(units(milliseconds < 86_400_000 ? seconds : Math.ceil(seconds / 60) * 60));
}

function stamp(instant) {
  return new Date(instant).toISOString().slice(0, 19).replace("T", " ");
}

function tick() {
  const now = clock.now();
  for (const each of board.querySelectorAll("[data-since]")) {
    const passed = now - Date.parse(each.dataset.since);
    const text = each.dataset.most === undefined ? span(passed) : most(passed);
    if (each.textContent !== text) each.textContent = text;
  }
  const at = document.getElementById("at");
  const shown = board.classList.contains("old") ? heard : now;
  at.textContent = stamp(shown);
  at.dateTime = new Date(shown).toISOString();
}

function localTimes(within) {
  for (const each of within.querySelectorAll("time[datetime]")) {
    each.title = new Date(each.dateTime).toLocaleString();
  }
}

function made(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html; // of this server, which has escaped whatever others wrote
  return holder.content.firstElementChild;
}

function byKey() {
  return new Map([...rows.children].map((row) => [row.dataset.key, row]));
}

// Puts the changed rows in place and all of them in order; what has the focus keeps it. False: one is missing.
function arrange(order, changed) {
  const focused = document.activeElement?.closest?.("#rows > tr");
  const place = focused ? [...focused.querySelectorAll("a")].indexOf(document.activeElement) : -1;
  const known = byKey();
  for (const [key, html] of Object.entries(changed)) {
    const row = made(html);
    const before = known.get(key);
    if (before) {
      before.replaceWith(row);
      const word = (of) => of.querySelector(".badge")?.textContent;
      if (word(before) !== word(row)) row.classList.add("changed");
    }
    localTimes(row);
    known.set(key, row);
  }
  if (order) {
    const wanted = order.map((key) => known.get(key));
    if (wanted.includes(undefined)) return false;
    wanted.forEach((row, index) => {
      if (rows.children[index] !== row) rows.insertBefore(row, rows.children[index] ?? null);
    });
    while (rows.children.length > wanted.length) rows.lastElementChild.remove();
  }
  if (focused && place >= 0 && document.activeElement === document.body) {
    byKey().get(focused.dataset.key)?.querySelectorAll("a")[place]?.focus({ preventScroll: true });
  }
  return true;
}

function probed(probes) {
  const known = byKey();
  for (const [key, at] of Object.entries(probes)) {
    const cell = known.get(key)?.querySelector(".last > div");
    if (!cell) continue;
    const time = document.createElement("time");
    time.dateTime = at;
    const today = new Date(clock.now()).toISOString().slice(0, 10);
    time.textContent = at.startsWith(today) ? at.slice(11, 19) : `${at.slice(0, 10)} ${at.slice(11, 19)}`;
    time.title = new Date(at).toLocaleString();
    const passed = document.createElement("span");
    passed.dataset.since = at;
    const small = document.createElement("small");
    small.append(passed, " ago");
    cell.replaceChildren(time, " ", small);
  }
}

function apply(change) {
  heard = Date.parse(change.at);
  board.classList.remove("old");
  clock.set(heard);
  if (change.title !== undefined) document.title = change.title;
  for (const name of ["notice", "counts", "pager", "health", "platforms"]) {
    if (change[name] === undefined) continue;
    const part = document.getElementById(name);
    const place = [...part.querySelectorAll("a")].indexOf(document.activeElement);
    part.innerHTML = change[name];
    if (place >= 0) part.querySelectorAll("a")[place]?.focus({ preventScroll: true });
  }
  if ((change.order || change.rows) && !arrange(change.order, change.rows ?? {})) refresh();
  if (change.probes) probed(change.probes);
  if (change.say) document.getElementById("say").textContent = change.say;
  tick();
}

async function fetched() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = answer.ok ? await answer.text() : "";
    return new DOMParser().parseFromString(page, "text/html").getElementById("board");
  } catch {
    return null; // not reached
  }
}

// The whole page anew, where pieces do not do: rows have moved onto it that were never sent here.
async function refresh() {
  source?.close();
  const their = await fetched();
  if (!their) {
    lost();
    setTimeout(refresh, wait);
    wait = Math.min(2 * wait, LONGEST_WAIT);
    return;
  }
  const fresh = their.ownerDocument;
  heard = Date.parse(their.dataset.at);
  board.dataset.have = their.dataset.have;
  for (const name of ["rows", "notice", "counts", "pager", "health", "platforms"]) {
    document.getElementById(name).replaceChildren(...fresh.getElementById(name).childNodes);
  }
  document.title = fresh.title;
  localTimes(board);
  connect();
}

let source;
let wait = 1000;

function connect() {
  source?.close();
  const query = new URLSearchParams(board.dataset.query);
  query.set("have", board.dataset.have);
  source = new EventSource(`/events?${query}`);
  source.addEventListener("open", () => {
    wait = 1000;
    live.textContent = "· live";
    live.className = "on";
  });
  source.addEventListener("message", (event) => {
    board.dataset.have = event.lastEventId || board.dataset.have;
    apply(JSON.parse(event.data));
  });
  source.addEventListener("error", () => {
    lost();
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    setTimeout(connect, wait);
    wait = Math.min(2 * wait, LONGEST_WAIT);
  });
}

// Back on a page that the browser had put aside: its stream has ended, and it is old.
addEventListener("pageshow", (event) => {
  if (event.persisted) refresh();
});

localTimes(document);
tick();
setInterval(tick, 1000);
connect();
