// Draws openapi.json: operations by module, their fields, and a form that tries what only reads.
"use strict";

/** An element with attributes and children; text is always set as text, never as markup. */
function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

let contract;

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

function typeText(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.allOf) return typeText(schema.allOf[0]);
  const options = schema.anyOf || schema.oneOf;
  if (options) return options.map(typeText).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (schema.items) return `list of ${typeText(schema.items)}`;
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type || "any";
  return schema.format ? `${type} (${schema.format})` : type;
}

/** Rows for an object's fields, those of nested objects below them. */
function fieldRows(schema, depth = 0) {
  const object = resolve(schema);
  const rows = [];
  for (const [name, field] of Object.entries(object.properties || {})) {
    const must = (object.required || []).includes(name);
    const label = element("td", depth ? { class: "nested" } : {}, element("code", {}, name));
    if (must) label.append(element("span", { class: "must", title: "must be given" }, " *"));
    const text = field.description || resolve(field).description || "";
    rows.push(element("tr", {}, label, element("td", {}, typeText(field)), element("td", {}, text)));
    if (depth < 3) rows.push(...fieldRows(field.items || field, depth + 1));
  }
  return rows;
}

function table(rows) {
  const head = element("tr", {}, element("th", {}, "field"), element("th", {}, "type"), element("th", {}, ""));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}

function section(title, schema) {
  const rows = fieldRows(schema);
  const content = rows.length ? table(rows) : element("p", {}, typeText(schema));
  return [element("h3", {}, title), content];
}

/** A form that sends a GET and shows what comes back. */
function tryForm(path, parameters) {
  const output = element("pre", { hidden: "" });
  const form = element("form", { class: "try" });
  for (const parameter of parameters.filter((one) => one.in !== "header" && !one.name.includes("."))) {
    const id = `f${Math.random().toString(36).slice(2)}`;
    form.append(element("label", { for: id }, parameter.name), element("input", { id, name: parameter.name }));
  }
  form.append(element("button", {}, "Send"));
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    let filled = path;
    const query = new URLSearchParams();
    for (const parameter of parameters) {
      const value = (form.elements.namedItem(parameter.name) || {}).value;
      if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(value));
      else if (value) query.set(parameter.name, value);
    }
    output.hidden = false;
    output.textContent = "…";
    try {
      const url = query.size ? `${filled}?${query}` : filled;
      const answer = await fetch(url, { headers: { accept: "application/json" } });
      const text = await answer.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
      output.textContent = `${answer.status} ${url}\n${shown}`;
    } catch (error) {
      output.textContent = String(error);
    }
  });
  return [element("h3", {}, "Try it"), form, output];
}

function fill(body, path, method, operation) {
  if (operation.description) body.append(element("p", {}, operation.description));
  const parameters = (operation.parameters || []).map(resolve);
  if (parameters.length) {
    const rows = parameters.map((one) =>
      element("tr", {}, element("td", {}, element("code", {}, one.name)), element("td", {}, typeText(one.schema)), element("td", {}, one.description || "")));
    body.append(element("h3", {}, "Parameters"), table(rows));
  }
  for (const [media, content] of Object.entries((operation.requestBody || {}).content || {})) {
    body.append(...section(`Send ${media}`, content.schema));
  }
  for (const [status, reference] of Object.entries(operation.responses)) {
    const answer = resolve(reference);
    const [media, content] = Object.entries(answer.content || {})[0] || [];
    if (media) body.append(...section(`${status === "default" ? "Otherwise" : status}: ${answer.description}`, content.schema));
  }
  if (method === "get") body.append(...tryForm(path, parameters));
}

function card(path, method, operation) {
  const summary = element("summary", {},
    element("span", { class: `method ${method}` }, method.toUpperCase()),
    element("span", { class: "path" }, path),
    element("span", { class: "summary" }, operation.summary || ""));
  const body = element("div", { class: "body" });
  const details = element("details", { class: "operation", id: operation.operationId }, summary, body);
  details.dataset.words = `${path} ${operation.summary || ""}`.toLowerCase();
  details.addEventListener("toggle", () => { if (details.open && !body.hasChildNodes()) fill(body, path, method, operation); });
  return details;
}

function draw() {
  const [nav, main] = [document.getElementById("modules"), document.getElementById("operations")];
  main.replaceChildren();
  for (const tag of contract.tags) {
    const cards = [];
    for (const [path, methods] of Object.entries(contract.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.tags.includes(tag.name)) cards.push(card(path, method, operation));
      }
    }
    if (!cards.length) continue;
    nav.append(element("a", { href: `#${tag.name}` }, tag.name, " ", element("small", {}, String(cards.length))));
    main.append(element("section", {}, element("h2", { id: tag.name }, tag.name), element("p", {}, tag.description || ""), ...cards));
  }
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target) { target.open = true; target.scrollIntoView(); }
}

document.getElementById("search").addEventListener("input", ({ target }) => {
  const words = target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const one of document.querySelectorAll("details.operation")) {
    one.hidden = !words.every((word) => one.dataset.words.includes(word));
  }
  for (const part of document.querySelectorAll("main section")) {
    part.hidden = !part.querySelector("details.operation:not([hidden])");
  }
});

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then((json) => { contract = json; draw(); })
  .catch((error) => { document.getElementById("operations").textContent = `openapi.json could not be read: ${error}`; });
