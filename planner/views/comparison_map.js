// Two maps of one view: whatever moves one moves the other. Positions come in map units (comparison_layers.py),
// x east and y south; the view is the point in the middle and how many pixels a unit has.
const SVG = "http://www.w3.org/2000/svg";
const STEP = 1.5, PAN_PX = 80, CLOSEST = 40, FARTHEST = 0.6, MARGIN_PX = 34;
const LABEL_GAP_PX = 3, WIDE = /[\u2e80-\u9fff\uff00-\uffef]/;
const MARKS = {
  added: [["circle", { r: 1 }], ["path", { d: "M-.5 0H.5M0-.5V.5", class: "sign" }]],
  removed: [["circle", { r: 1 }], ["path", { d: "M-.45-.45L.45.45M-.45.45L.45-.45", class: "sign" }]],
  grown: [["path", { d: "M0-1.2L1.1.8H-1.1Z" }]],
  shrunk: [["path", { d: "M0 1.2L1.1-.8H-1.1Z" }]],
  kept: [["circle", { r: 1 }]],
  ghost: [["circle", { r: 1 }]],
};

export default function ({ data, parentElement }) {
  const pair = parentElement.pair ?? (parentElement.pair = new Pair(parentElement));
  pair.show(data);
  return () => { pair.close(); delete parentElement.pair; };
}

function make(parent, name, attributes = {}, words) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (words !== undefined) node.textContent = words;
  parent.append(node);
  return node;
}

class Pair {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "pair";
    parent.append(this.root);
    this.view = null;
    this.maps = [];
    this.sizes = new ResizeObserver(() => this.draw());
  }

  show(data) {
    this.data = data;
    this.sizes.disconnect();
    this.root.replaceChildren(this.toolbar(data.words));
    this.maps = data.maps.map((told) => new Sheet(this, told, data));
    for (const sheet of this.maps) {
      this.root.append(sheet.figure);
      this.sizes.observe(sheet.svg);
    }
    this.draw();
  }

  toolbar(words) {
    const bar = document.createElement("div");
    bar.className = "bar";
    const actions = {
      zoom_in: ["+", () => this.zoom(STEP)],
      zoom_out: ["−", () => this.zoom(1 / STEP)],
      whole: ["⤢", () => this.fit()],
    };
    for (const [name, [sign, act]] of Object.entries(actions)) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: name, textContent: sign, title: words[name], onclick: act });
      button.setAttribute("aria-label", words[name]);
      bar.append(button);
    }
    const help = document.createElement("span");
    help.textContent = words.keys;
    bar.append(help);
    return bar;
  }

  // Everything the data shows, in the middle of the smaller map.
  fit() {
    const [west, north, east, south] = this.data.bounds;
    const width = Math.min(...this.maps.map((sheet) => sheet.width)) - 2 * MARGIN_PX;
    const height = Math.min(...this.maps.map((sheet) => sheet.height)) - 2 * MARGIN_PX;
    this.least = Math.max(Math.min(width / (east - west), height / (south - north)), 0.01);
    this.view = { x: (west + east) / 2, y: (north + south) / 2, scale: this.least };
    this.draw();
  }

  zoom(factor, at = [0, 0]) {
    const { x, y, scale } = this.view;
    const next = Math.min(Math.max(scale * factor, this.least * FARTHEST), this.least * CLOSEST);
    // The place under the pointer stays under it: `at` is counted from the middle of the map, pixels.
    this.view = { x: x + at[0] / scale - at[0] / next, y: y + at[1] / scale - at[1] / next, scale: next };
    this.draw();
  }

  pan(dx, dy) {
    const { x, y, scale } = this.view;
    this.view = { x: x - dx / scale, y: y - dy / scale, scale };
    this.draw();
  }

  draw() {
    for (const sheet of this.maps) sheet.measure();
    if (!this.maps.length || this.maps.some((sheet) => !sheet.width)) return;
    if (!this.view) return this.fit();
    for (const sheet of this.maps) sheet.draw(this.view, this.least);
  }

  point(id) {
    for (const sheet of this.maps) sheet.point(id);
  }

  close() {
    this.sizes.disconnect();
    this.root.remove();
  }
}

class Sheet {
  constructor(pair, told, data) {
    this.pair = pair;
    this.fingers = new Map();
    this.figure = document.createElement("figure");
    this.figure.className = told.key;
    const title = document.createElement("figcaption");
    title.innerHTML = "<b></b><span></span>";
    title.firstChild.textContent = told.title;
    title.lastChild.textContent = told.summary;
    this.frame = document.createElement("div");
    this.frame.className = "frame";
    this.tip = document.createElement("div");
    this.tip.className = "tip";
    this.tip.hidden = true;
    this.svg = make(this.frame, "svg", {
      tabindex: 0, role: "application", "aria-roledescription": data.words.map,
      "aria-label": `${told.title}: ${told.summary}. ${data.words.keys}`, "data-map": told.key,
    });
    this.frame.append(this.tip);
    this.figure.append(title, this.frame);
    this.ground = make(this.svg, "g", { class: "ground" });
    for (const [name, path] of Object.entries(data.roads)) make(this.ground, "path", { d: path, class: name });
    for (const route of data.routes) make(this.ground, "path", { d: route.path, class: "casing" });
    for (const route of data.routes) make(this.ground, "path", { d: route.path, class: "route", stroke: route.color });
    this.places = data.places.map((place) => this.label(place, `place rank${place.rank}`));
    this.stations = told.stations.map((station) => this.station(station));
    this.names = told.stations.filter((each) => each.label).map((each) => this.label(each, `name ${each.mark}`));
    this.listen();
  }

  label(told, kind) {
    const size = told.size;
    const width = [...told.label].reduce((sum, letter) => sum + (WIDE.test(letter) ? 1 : 0.56), 0) * size;
    return { ...told, width, height: size * 1.25, node: make(this.svg, "text", { class: kind, "font-size": size }, told.label) };
  }

  station(told) {
    const node = make(this.svg, "g", { class: `station ${told.mark} ${told.status}`, "data-site": told.id });
    const inner = make(node, "g", { transform: `scale(${told.radius})` });
    for (const [name, attributes] of MARKS[told.mark]) make(inner, name, attributes);
    if (told.tip) {
      node.onpointerenter = () => this.pair.point(told.id);
      node.onpointerleave = () => this.pair.point(null);
    }
    return { ...told, node };
  }

  measure() {
    this.width = this.svg.clientWidth;
    this.height = this.svg.clientHeight;
  }

  draw(view, least) {
    const { x, y, scale } = view;
    this.at = (told) => [this.width / 2 + (told.x - x) * scale, this.height / 2 + (told.y - y) * scale];
    this.ground.setAttribute("transform", `translate(${this.width / 2} ${this.height / 2}) scale(${scale}) translate(${-x} ${-y})`);
    const taken = [];
    for (const station of this.stations) {
      const [left, top] = this.at(station);
      station.node.setAttribute("transform", `translate(${left} ${top})`);
      taken.push([left - station.radius, top - station.radius, left + station.radius, top + station.radius]);
    }
    const [large, small] = [this.places.filter((each) => each.rank === 1), this.places.filter((each) => each.rank > 1)];
    for (const label of [...large, ...this.names, ...small]) this.place(label, taken);
    const told = this.pair.data;
    this.svg.dataset.lon = (x / told.per_degree).toFixed(5);
    this.svg.dataset.lat = latitude(y, told.per_degree).toFixed(5);
    this.svg.dataset.zoom = (Math.log2(scale / least)).toFixed(4);
    if (this.pointed) this.point(this.pointed);
  }

  // Beside its place where nothing stands, first above and below; left out where there is no room, but large
  // cities, without which nobody knows where they are, look for room farther away.
  place(label, taken) {
    const [left, top] = this.at(label);
    const away = (label.radius ?? 0) + LABEL_GAP_PX + label.height / 2;
    const aside = (label.radius ?? 0) + LABEL_GAP_PX + label.width / 2;
    const near = [[0, -away], [0, away], [aside, 0], [-aside, 0]];
    const rings = label.rank === 1 ? [1, 1.5, 2, 3] : [1];
    for (const [dx, dy] of rings.flatMap((ring) => near.map(([right, down]) => [right * ring, down * ring]))) {
      const box = [left + dx - label.width / 2, top + dy - label.height / 2, left + dx + label.width / 2, top + dy + label.height / 2];
      const inside = box[0] > 0 && box[1] > 0 && box[2] < this.width && box[3] < this.height;
      const free = taken.every((other) => box[2] < other[0] || box[0] > other[2] || box[3] < other[1] || box[1] > other[3]);
      if (inside && free) {
        taken.push(box);
        label.node.setAttribute("x", left + dx);
        label.node.setAttribute("y", top + dy);
        label.node.removeAttribute("visibility");
        return;
      }
    }
    label.node.setAttribute("visibility", "hidden");
  }

  point(id) {
    this.pointed = id;
    let found = null;
    for (const station of this.stations) {
      const is = station.id === id;
      station.node.classList.toggle("pointed", is);
      if (is && station.tip) found = station;
    }
    this.tip.hidden = !found;
    if (!found) return;
    const [left, top] = this.at(found);
    const [name, ...lines] = found.tip;
    this.tip.replaceChildren(Object.assign(document.createElement("b"), { textContent: name }), lines.join("\n"));
    const wide = this.tip.offsetWidth, tall = this.tip.offsetHeight, away = found.radius + 8;
    this.tip.style.left = `${Math.min(Math.max(left - wide / 2, 4), Math.max(this.width - wide - 4, 4))}px`;
    this.tip.style.top = `${top - away - tall > 4 ? top - away - tall : top + away}px`;
  }

  // From the middle of this map, pixels.
  from(event) {
    const box = this.svg.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  }

  listen() {
    const { svg, pair, fingers } = this;
    svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      pair.zoom(2 ** (-event.deltaY * lines / 240), this.from(event));
    }, { passive: false });
    svg.addEventListener("dblclick", (event) => pair.zoom(event.shiftKey ? 0.5 : 2, this.from(event)));
    svg.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      svg.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, this.from(event));
      svg.classList.add("held");
    });
    svg.addEventListener("pointermove", (event) => this.moved(event));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      svg.addEventListener(name, (event) => {
        fingers.delete(event.pointerId);
        svg.classList.toggle("held", fingers.size > 0);
      });
    }
    svg.addEventListener("keydown", (event) => this.pressed(event));
  }

  // One pointer drags; two drag by their middle and zoom by their distance.
  moved(event) {
    const { fingers, pair } = this;
    if (!fingers.has(event.pointerId)) return;
    const before = [...fingers.values()];
    fingers.set(event.pointerId, this.from(event));
    const after = [...fingers.values()];
    const middle = (all) => [0, 1].map((axis) => all.reduce((sum, each) => sum + each[axis], 0) / all.length);
    const [was, is] = [middle(before), middle(after)];
    pair.pan(is[0] - was[0], is[1] - was[1]);
    if (after.length < 2) return;
    const span = ([one, other]) => Math.hypot(one[0] - other[0], one[1] - other[1]);
    if (span(before) > 0) pair.zoom(span(after) / span(before), is);
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowLeft: () => this.pair.pan(PAN_PX, 0), ArrowRight: () => this.pair.pan(-PAN_PX, 0),
      ArrowUp: () => this.pair.pan(0, PAN_PX), ArrowDown: () => this.pair.pan(0, -PAN_PX),
      "+": () => this.pair.zoom(STEP), "=": () => this.pair.zoom(STEP), "-": () => this.pair.zoom(1 / STEP),
      0: () => this.pair.fit(), Home: () => this.pair.fit(),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }
}

function latitude(y, perDegree) {
  return (2 * Math.atan(Math.exp((-y / perDegree) * (Math.PI / 180))) - Math.PI / 2) * (180 / Math.PI);
}
