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
  if (schema.enum) return joined(schema.enum.map((value) => [element("code", {}, JSON.stringify(value))]), " or ");
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
  return quiet ? element("td", {}, `${text} `, element("small", {}, quiet)) : element("td", {}, text);
}

/** Rows for an object's fields, those of objects within it below them. */
function fieldRows(schema, depth, depthMax) {
  const object = resolve(schema);
  const rows = [];
  for (const [name, field] of Object.entries(object.properties || {})) {
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
  const content = rows.length ? table(["field", "type", ""], rows) : element("p", {}, ...typeOf(schema));
  return [element("h3", {}, title), content];
}

/** Parameters; the comparisons of a column are told once for all columns. */
function parameterTable(parameters) {
  const plain = parameters.filter((one) => !one.name.includes("."));
  const rows = plain.map((one) => {
    const label = element("td", {}, element("code", {}, one.name));
    if (one.required) label.append(element("span", { class: "must", title: "must be given" }, " *"));
    return element("tr", {}, label, element("td", {}, ...typeOf(one.schema)), explained(one.description || "", one.schema));
  });
  const nodes = [element("h3", {}, "Parameters"), table(["name", "type", ""], rows)];
  if (plain.length < parameters.length) {
    const suffixes = [...new Set(parameters.filter((one) => one.name.includes(".")).map((one) => one.name.split(".")[1]))];
    const list = joined(suffixes.map((suffix) => [element("code", {}, `.${suffix}`)]), ", ");
    nodes.push(element("p", {}, "Columns also compare, with a suffix behind their name: ", ...list, ". A row without a value passes none."));
  }
  return nodes;
}

/** The least that a schema takes, to begin from. */
function skeleton(schema) {
  const whole = resolve(schema);
  if (whole.properties) {
    const required = Object.entries(whole.properties).filter(([name]) => (whole.required || []).includes(name));
    return Object.fromEntries(required.map(([name, field]) => [name, skeleton(field)]));
  }
  if (whole.enum) return whole.enum[0];
  if (whole.type === "array") return [];
  if (whole.type === "integer") return 0;
  return whole.type === "string" ? "" : null;
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
  if (!options) return element("input", { id, name: parameter.name });
  return element("select", { id, name: parameter.name }, ...["", ...options].map((value) => element("option", { value }, value)));
}

function getForm(path, parameters) {
  const output = element("pre", { hidden: "" });
  const form = element("form", { class: "try" });
  for (const parameter of parameters.filter((one) => one.in !== "header" && !one.name.includes("."))) {
    const id = `field${fields++}`;
    form.append(element("label", { for: id }, parameter.name), input(parameter, id));
  }
  form.append(element("button", {}, "Send"));
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    let filled = path;
    const query = new URLSearchParams();
    for (const parameter of parameters) {
      const value = (form.elements.namedItem(parameter.name) || {}).value;
      if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(value));
      else if (value) query.set(parameter.name, value);
    }
    const text = query.toString();
    send(output, text ? `${filled}?${text}` : filled, { headers: { accept: "application/json" } });
  });
  return [element("h3", {}, "Try it"), form, output];
}

function queryForm(path, schema) {
  const output = element("pre", { hidden: "" });
  const body = element("textarea", { rows: "6", "aria-label": "The question", spellcheck: "false" });
  body.value = JSON.stringify(skeleton(schema), null, 2);
  const form = element("form", { class: "try wide" }, body, element("button", {}, "Ask"));
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    send(output, path, { method: "POST", headers: { "content-type": "application/json" }, body: body.value });
  });
  return [element("h3", {}, "Try it"), form, output];
}

function fill(body, path, method, operation) {
  if (operation.description) body.append(element("p", {}, operation.description));
  const parameters = (operation.parameters || []).map(resolve);
  if (parameters.length) body.append(...parameterTable(parameters));
  const sent = Object.entries((operation.requestBody || {}).content || {});
  for (const [media, content] of sent) body.append(...section(`Send ${media}`, content.schema));
  const outcome = (operation["x-act"] || {}).outcome;
  if (outcome) body.append(...section("The act yields, in the receipt's outcomes", outcome));
  for (const [status, reference] of Object.entries(operation.responses)) {
    const answer = resolve(reference);
    const [media, content] = Object.entries(answer.content || {})[0] || [];
    if (media) body.append(...section(`${status === "default" ? "Otherwise" : status}: ${answer.description}`, content.schema));
  }
  if (method === "get") body.append(...getForm(path, parameters));
  if (path.includes("/queries/")) body.append(...queryForm(path, sent[0][1].schema));
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
    element("span", { class: "summary" }, operation.summary || ""),
  ];
  return card(operation.operationId, `${path} ${operation.summary || ""}`, head, (body) => fill(body, path, method, operation));
}

function typeCard(name, schema) {
  const text = schema.description || "";
  const head = [element("span", { class: "path" }, name), element("span", { class: "summary" }, text.split("\n")[0])];
  return card(`type-${name}`, `${name} ${text}`, head, (body) => {
    body.append(element("p", {}, text), element("p", {}, bounds(schema)));
    const rows = fieldRows(schema, 0, 0);
    for (const option of schema.oneOf || schema.anyOf || []) {
      rows.push(element("tr", {}, element("td", {}, ""), element("td", {}, ...typeOf(option)), explained(option.description || "", option)));
    }
    if (rows.length) body.append(table(["field", "type", ""], rows));
    else body.append(element("p", {}, ...typeOf(schema)));
  });
}

function part(id, text, cards) {
  const [nav, main] = [document.getElementById("modules"), document.getElementById("operations")];
  nav.append(element("a", { href: `#${id}` }, id, " ", element("small", {}, String(cards.length))));
  main.append(element("section", {}, element("h2", { id }, id), element("p", {}, text), ...cards));
}

/** Opens what the address names. */
function follow() {
  const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!named) return;
  named.open = true;
  named.scrollIntoView();
}

function draw() {
  document.getElementById("operations").replaceChildren(element("p", {}, contract.info.description));
  for (const tag of contract.tags) {
    const cards = Object.entries(contract.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => operation.tags.includes(tag.name))
        .map(([method, operation]) => operationCard(path, method, operation)));
    if (cards.length) part(tag.name, tag.description || "", cards);
  }
  const types = Object.entries(contract.components.schemas).map(([name, schema]) => typeCard(name, schema));
  part("types", "The types that operations, records and events are made of.", types);
  follow();
}

document.getElementById("search").addEventListener("input", ({ target: { value } }) => {
  const words = value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const one of document.querySelectorAll("details.card")) {
    one.hidden = !words.every((word) => one.dataset.words.includes(word));
  }
  for (const one of document.querySelectorAll("main section")) {
    one.hidden = !one.querySelector("details.card:not([hidden])");
  }
});
window.addEventListener("hashchange", follow);

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then((json) => { contract = json; draw(); })
  .catch((error) => { document.getElementById("operations").textContent = `openapi.json could not be read: ${error}`; });
