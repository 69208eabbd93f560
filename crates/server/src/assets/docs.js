// Draws openapi.json: operations by module, their fields, the types they use, and forms that try what only reads.
"use strict";

let contract;
let fields = 0;

/** An element with attributes and children; text is always set as text, never as markup. */
function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** A text of the contract as nodes: what stands between backticks is code. */
function prose(text) {
  return text.split("`").map((piece, position) => (position % 2 ? element("code", {}, piece) : piece));
}

/** What a reference stands for. */
function target(reference) {
  return reference.slice(2).split("/").reduce((at, key) => at && at[key], contract) || {};
}

/** A schema without references at its top; the parts of an `allOf` are laid one over the other. */
function resolve(schema) {
  if (!schema) return {};
  if (schema.$ref) return resolve({ ...target(schema.$ref), ...schema, $ref: undefined });
  if (!schema.allOf) return schema;
  const whole = { ...schema, allOf: undefined };
  for (const part of schema.allOf.map(resolve)) {
    whole.description = whole.description || part.description;
    whole.required = [...(whole.required || []), ...(part.required || [])];
    whole.properties = { ...whole.properties };
    for (const [name, field] of Object.entries(part.properties || {})) {
      const before = whole.properties[name];
      whole.properties[name] = before && before.description ? { description: before.description, ...field } : field;
    }
  }
  return whole;
}

/** Nodes with a separator between them. */
function joined(parts, separator) {
  return parts.flatMap((part, position) => (position ? [separator, ...part] : part));
}

/** Values of a choice; where each also stands with a minus in front, as for an order, it is told once. */
function directions(values) {
  const both = values.length > 1 && values.every((value) => values.includes(String(value).startsWith("-") ? value.slice(1) : `-${value}`));
  return both ? values.filter((value) => !value.startsWith("-")) : values;
}

/** A schema's type as nodes; the contract's own types lead to where they are explained. */
function typeOf(schema) {
  if (!schema) return [""];
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return [element("a", { href: `#type-${name}` }, name)];
  }
  if (schema.allOf) return typeOf(schema.allOf[0]);
  const options = schema.anyOf || schema.oneOf;
  if (options) return joined(options.map(typeOf), " or ");
  if (schema.const !== undefined) return [element("code", {}, JSON.stringify(schema.const))];
  if (schema.enum) return joined(directions(schema.enum).map((value) => [element("code", {}, String(value))]), ", ");
  if (schema.items) return ["list of ", ...typeOf(schema.items)];
  if (schema.type === "object" && schema.properties) {
    return joined(Object.entries(schema.properties).map(([name, field]) => [element("code", {}, name), ": ", ...typeOf(field)]), ", ");
  }
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type || "any";
  return [schema.format ? `${type} (${schema.format})` : type];
}

/** What a schema demands of its values beside their type. */
function bounds(schema) {
  const whole = resolve(schema);
  const said = [];
  if (whole.pattern) said.push(`matches ${whole.pattern}`);
  if (whole.maxLength !== undefined) said.push(`at most ${whole.maxLength} characters`);
  if (whole.maxItems !== undefined) said.push(`at most ${whole.maxItems}`);
  if (whole.minimum !== undefined) said.push(`from ${whole.minimum}`);
  if (whole.maximum !== undefined) said.push(`to ${whole.maximum}`);
  if (whole.default !== undefined) said.push(`${JSON.stringify(whole.default)} when absent`);
  return said.join(", ");
}

function table(head, rows) {
  const titles = head.map((title) => element("th", {}, title));
  return element("table", {}, element("thead", {}, element("tr", {}, ...titles)), element("tbody", {}, ...rows));
}

/** A field's text, and in a quieter voice its bounds. */
function explained(text, schema) {
  const quiet = bounds(schema);
  return element("td", {}, ...prose(text), ...(quiet ? [" ", element("small", {}, quiet)] : []));
}

/** An object's fields in the order of their declaration: JSON has none, but the list of those that must be given does. */
function fieldsOf(object) {
  const declared = object.required || [];
  const place = (name) => (declared.includes(name) ? declared.indexOf(name) : declared.length);
  return Object.entries(object.properties || {}).sort(([one], [other]) => place(one) - place(other));
}

/** Rows for an object's fields, those of objects within it below them. */
function fieldRows(schema, depth, depthMax) {
  const object = resolve(schema);
  const rows = [];
  for (const [name, field] of fieldsOf(object)) {
    const label = element("td", { class: `depth${depth}` }, element("code", {}, name));
    if ((object.required || []).includes(name)) label.append(element("span", { class: "must", title: "must be given" }, " *"));
    const text = field.description || resolve(field).description || "";
    rows.push(element("tr", {}, label, element("td", {}, ...typeOf(field)), explained(text, field)));
    if (depth < depthMax) rows.push(...fieldRows(field.items || field, depth + 1, depthMax));
  }
  return rows;
}

function section(title, schema) {
  const rows = fieldRows(schema, 0, 2);
  const content = rows.length ? table(["field", "type", "meaning"], rows) : element("p", {}, ...typeOf(schema));
  return [element("h4", {}, ...prose(title)), content];
}

/** The columns that a list is filtered by: those that also compare, with a suffix behind their name. */
function columnsOf(parameters) {
  const compared = new Set(parameters.filter((one) => one.name.includes(".")).map((one) => one.name.split(".")[0]));
  return parameters.filter((one) => compared.has(one.name));
}

const comparisons = { "": "=", ".ne": "≠", ".lt": "<", ".lte": "≤", ".gt": ">", ".gte": "≥" };

/** Parameters; the columns of a list are told together. */
function parameterTable(parameters) {
  const columns = columnsOf(parameters);
  const plain = parameters.filter((one) => !one.name.includes(".") && !columns.includes(one));
  const rows = plain.map((one) => {
    const label = element("td", {}, element("code", {}, one.name));
    if (one.required) label.append(element("span", { class: "must", title: "must be given" }, " *"));
    return element("tr", {}, label, element("td", {}, ...typeOf(one.schema)), explained(one.description || "", one.schema));
  });
  const nodes = [element("h4", {}, "Parameters"), table(["name", "type", "meaning"], rows)];
  if (columns.length) {
    const names = joined(columns.map((one) => [element("code", {}, one.name)]), ", ");
    nodes.push(
      element("h4", {}, "Filters"),
      element("p", {}, ...names),
      element("p", { class: "quiet" }, ...prose("`column=value` takes rows that have this value; a suffix compares: `.ne`, `.lt`, `.lte`, `.gt`, `.gte`, as in `due.gte=2026-08-01`. Amounts are compared in minor units. A row without a value passes none.")),
    );
  }
  return nodes;
}

/** What a text looks like that a schema takes: the part of it that is always the same. */
function sample({ pattern = "", format }) {
  if (format === "date") return new Date().toISOString().slice(0, 10);
  if (format === "date-time") return new Date().toISOString();
  if (pattern.endsWith(" [A-Z]{3}$")) return "1000.00 CNY";
  const kind = pattern.match(/^\^([a-z]+_)/);
  return kind ? `${kind[1]}…` : "";
}

/** The least that a schema takes, to begin from. */
function skeleton(schema) {
  // Ed25519, the one suite so far.
  if (schema && (schema.$ref || "").endsWith("/Suite")) return 1;
  const whole = resolve(schema);
  if (whole.properties) {
    const required = fieldsOf(whole).filter(([name]) => (whole.required || []).includes(name));
    return Object.fromEntries(required.map(([name, field]) => [name, skeleton(field)]));
  }
  if (whole.const !== undefined) return whole.const;
  if (whole.enum) return whole.enum[0];
  if (whole.oneOf || whole.anyOf) return skeleton((whole.oneOf || whole.anyOf)[0]);
  if (whole.type === "array") return [skeleton(whole.items)];
  if (whole.type === "integer") return 0;
  return whole.type === "string" ? sample(whole) : null;
}

/** Sends a request and shows what comes back. */
async function send(output, path, options) {
  output.hidden = false;
  output.textContent = "…";
  try {
    const answer = await fetch(path, options);
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
    output.textContent = `${answer.status} ${path}\n${shown}`;
  } catch (error) {
    output.textContent = String(error);
  }
}

function input(parameter, id) {
  const options = (parameter.schema || {}).enum;
  if (!options) return element("input", { id, name: parameter.name, ...(parameter.required ? { required: "" } : {}) });
  return choice({ id, name: parameter.name }, [["", ""], ...options.map((value) => [value, value])]);
}

function choice(attributes, options) {
  return element("select", attributes, ...options.map(([value, text]) => element("option", { value }, text)));
}

/** One condition on a column: which, how it compares, with what. */
function filterRow(columns) {
  return element("div", { class: "filter" },
    choice({ "aria-label": "Column" }, [["", "no filter"], ...columns.map((one) => [one.name, one.name])]),
    choice({ "aria-label": "Comparison" }, Object.entries(comparisons)),
    element("input", { "aria-label": "Value" }));
}

/** The conditions of a form, as a list takes them. */
function filtersOf(form) {
  return [...form.querySelectorAll(".filter")]
    .map((row) => [...row.children].map((one) => one.value))
    .filter(([column, , value]) => column && value)
    .map(([column, suffix, value]) => [column + suffix, value]);
}

function getForm(path, parameters) {
  const columns = columnsOf(parameters);
  const plain = parameters.filter((one) => one.in !== "header" && !one.name.includes(".") && !columns.includes(one));
  const output = element("pre", { hidden: "", tabindex: "0" });
  const form = element("form", { class: "try" });
  for (const parameter of plain) {
    const id = `field${fields++}`;
    form.append(element("label", { for: id }, parameter.name), input(parameter, id));
  }
  if (columns.length) {
    const more = element("button", { type: "button", class: "quiet" }, "Another filter");
    more.addEventListener("click", () => more.before(filterRow(columns)));
    form.append(element("label", {}, "filters"), element("div", {}, filterRow(columns), more));
  }
  form.append(element("button", {}, "Send"));
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    let filled = path;
    const query = new URLSearchParams(filtersOf(form));
    for (const { name, in: where } of plain) {
      const value = form.elements.namedItem(name).value.trim();
      if (where === "path") filled = filled.replace(`{${name}}`, encodeURIComponent(value));
      else if (value) query.set(name, value);
    }
    const text = query.toString();
    send(output, text ? `${filled}?${text}` : filled, { headers: { accept: "application/json" } });
  });
  return [element("h4", {}, "Try it"), form, output];
}

/** A form that posts JSON; what it begins with is the least that is taken. */
function postForm(path, schema, button, note) {
  const output = element("pre", { hidden: "", tabindex: "0" });
  const begin = JSON.stringify(skeleton(schema), null, 2);
  const rows = String(Math.min(begin.split("\n").length + 1, 20));
  const body = element("textarea", { rows, "aria-label": "What is sent", spellcheck: "false" });
  body.value = begin;
  const form = element("form", { class: "try wide" }, body, element("button", {}, button));
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    send(output, path, { method: "POST", headers: { "content-type": "application/json" }, body: body.value });
  });
  return [element("h4", {}, "Try it"), ...(note ? [element("p", { class: "quiet" }, note)] : []), form, output];
}

/** The form that tries an operation, where trying changes nothing. */
function tryForm(path, method, operation, parameters, schema) {
  if (method === "get") return getForm(path, parameters);
  if (path.includes("/queries/")) return postForm(path, schema, "Ask");
  if (operation["x-act"]) return postForm(path, schema, "Prepare", "Without signatures the node only prepares the transaction: it answers with what is to be signed, and nothing happens.");
  return [];
}

/** What an operation answers; every refusal has the same form, which is told once, among the types. */
function answers(responses) {
  return Object.entries(responses).flatMap(([status, reference]) => {
    const answer = resolve(reference);
    const [media, content] = Object.entries(answer.content || {})[0] || [];
    if (!media) return [];
    const title = `${status === "default" ? "Otherwise" : status}: ${answer.description}`;
    if (status === "default") return [element("h4", {}, title), element("p", {}, ...typeOf(content.schema))];
    return section(title, content.schema);
  });
}

function fill(body, path, method, operation) {
  if (operation.description) body.append(element("p", {}, ...prose(operation.description)));
  const parameters = (operation.parameters || []).map(resolve);
  if (parameters.length) body.append(...parameterTable(parameters));
  const sent = Object.entries((operation.requestBody || {}).content || {});
  for (const [media, content] of sent) body.append(...section(`Send ${media}`, content.schema));
  body.append(...tryForm(path, method, operation, parameters, sent.length ? sent[0][1].schema : null));
  const outcome = (operation["x-act"] || {}).outcome;
  if (outcome) body.append(...section("The act yields, in the receipt's outcomes", outcome));
  body.append(...answers(operation.responses));
}

/** A part that opens; what is in it is drawn when it is first opened. */
function card(id, words, head, draw) {
  const body = element("div", { class: "body" });
  const details = element("details", { class: "card", id }, element("summary", {}, ...head), body);
  details.dataset.words = words.toLowerCase();
  details.addEventListener("toggle", () => { if (details.open && !body.hasChildNodes()) draw(body); });
  return details;
}

function operationCard(path, method, operation) {
  const head = [
    element("span", { class: `method ${method}` }, method.toUpperCase()),
    element("span", { class: "path" }, path),
    element("span", { class: "summary" }, ...prose(operation.summary || "")),
  ];
  return card(operation.operationId, `${path} ${operation.summary || ""}`, head, (body) => fill(body, path, method, operation));
}

function typeCard(name, schema) {
  const text = schema.description || "";
  const head = [element("span", { class: "path" }, name), element("span", { class: "summary" }, ...prose(text.split("\n")[0]))];
  return card(`type-${name}`, `${name} ${text}`, head, (body) => {
    body.append(element("p", {}, ...prose(text)), element("p", {}, bounds(schema)));
    const rows = fieldRows(schema, 0, 0);
    for (const option of schema.oneOf || schema.anyOf || []) {
      rows.push(element("tr", {}, element("td", {}, ""), element("td", {}, ...typeOf(option)), explained(option.description || "", option)));
    }
    if (rows.length) body.append(table(["field", "type", "meaning"], rows));
    else body.append(element("p", {}, ...typeOf(schema)));
  });
}

/** A section of the page and its place in the list of modules. `groups` are titles with their cards. */
function part(id, text, groups) {
  const [nav, main] = [document.getElementById("modules"), document.getElementById("operations")];
  const filled = groups.filter(([, cards]) => cards.length);
  const count = filled.reduce((sum, [, cards]) => sum + cards.length, 0);
  if (!count) return;
  nav.append(element("a", { href: `#${id}` }, id, " ", element("small", {}, String(count))));
  const titled = ([title, cards]) => element("div", { class: "group" }, ...(title ? [element("h3", {}, title)] : []), ...cards);
  main.append(element("section", {}, element("h2", { id }, id), element("p", {}, ...prose(text)), ...filled.map(titled)));
}

/** Opens what the address names. */
function follow() {
  const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!named) return;
  // What a search hides cannot be shown: whoever follows a link wants to see where it leads.
  if (!named.checkVisibility()) search("");
  named.open = true;
  named.scrollIntoView();
}

/** Marks the section that is read in the list of modules. */
function watch() {
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.getAttribute("href").slice(1), link]));
  const watcher = new IntersectionObserver((seen) => {
    for (const { target: section, isIntersecting } of seen) {
      const link = links.get(section.querySelector("h2").id);
      if (isIntersecting) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }, { rootMargin: "-20% 0px -79% 0px" });
  document.querySelectorAll("main section").forEach((section) => watcher.observe(section));
}

/** Where a newcomer begins, as far as this node has it. */
function beginning() {
  const steps = [["where the chain stands", "/v1/chain"], ["who is here", "/v1/enterprise/enterprises"], ["who holds what", "/v1/receivable/lots"], ["what happened", "/v1/events"], ["every refusal", "/v1/errors"]];
  const known = steps.filter(([, path]) => contract.paths[path] && contract.paths[path].get);
  const links = known.map(([text, path]) => [element("a", { href: `#${contract.paths[path].get.operationId}` }, text)]);
  return element("p", {}, "Begin with ", ...joined(links, ", "), ". Open one and press Send.");
}

function draw() {
  document.getElementById("operations").replaceChildren(element("p", {}, ...prose(contract.info.description)), beginning());
  const operations = Object.entries(contract.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
  const kind = ({ path, operation }) => (operation["x-act"] ? "Acts" : path.includes("/queries/") ? "Questions" : "Records");
  for (const tag of contract.tags) {
    const own = operations.filter(({ operation }) => operation.tags.includes(tag.name));
    const cards = (some) => some.map(({ path, method, operation }) => operationCard(path, method, operation));
    const titles = own.some(({ operation }) => operation["x-act"]) ? ["Acts", "Questions", "Records"] : [""];
    part(tag.name, tag.description || "", titles.map((title) => [title, cards(own.filter((one) => !title || kind(one) === title))]));
  }
  const types = Object.entries(contract.components.schemas).map(([name, schema]) => typeCard(name, schema));
  part("types", "The types that operations, records and events are made of.", [["", types]]);
  watch();
  follow();
}

/** Shows what has all these words, and what it stands under. */
function search(text) {
  document.getElementById("search").value = text;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const one of document.querySelectorAll("details.card")) {
    one.hidden = !words.every((word) => one.dataset.words.includes(word));
  }
  for (const one of document.querySelectorAll("main section, main .group")) {
    one.hidden = !one.querySelector("details.card:not([hidden])");
  }
  document.getElementById("nothing").hidden = !!document.querySelector("details.card:not([hidden])");
}

document.getElementById("search").addEventListener("input", ({ target: { value } }) => search(value));
window.addEventListener("hashchange", follow);

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then((json) => { contract = json; draw(); })
  .catch((error) => { document.getElementById("operations").textContent = `openapi.json could not be read: ${error}`; });
