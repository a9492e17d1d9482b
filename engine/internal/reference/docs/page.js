"use strict";

// The ticket is kept here alone: closing the page forgets it.
let ticket = "";
let login = null; // the operation that gives tickets: {path, method, username, password, in, code}

const byId = (id) => document.getElementById(id);
const say = (text) => { byId("said").textContent = text; };

// refusal is the error of an answer that is no success: its sentence and its code.
async function refusal(response) {
  const body = await response.json().catch(() => null);
  const error = new Error((body && body.detail) || `${response.status} ${response.statusText}`);
  error.code = body && body.code;
  return error;
}

// load fetches the document as the caller may see it, and shows it.
async function load() {
  const headers = ticket ? { Authorization: `Bearer ${ticket}` } : {};
  const response = await fetch("/-/openapi.json", { headers, cache: "no-cache" });
  if (!response.ok) {
    throw await refusal(response);
  }
  const spec = await response.json();
  byId("title").textContent = document.title = spec.info.title;
  login = loginOf(spec) || login;
  show(spec);
}

// loginOf finds the operation that the document marks as the login: one that takes
// the password in its body, where there is one, and not in its address.
function loginOf(spec) {
  let found = null;
  for (const [path, item] of Object.entries(spec.paths || {})) {
    for (const [method, operation] of Object.entries(item)) {
      const mark = operation && operation["x-cloudlet-login"];
      if (mark && (found === null || (found.in === "query" && mark.in === "body"))) {
        found = { path, method, ...mark };
      }
    }
  }
  return found;
}

// show draws the operations and whichever form is of use.
function show(spec) {
  byId("login").hidden = ticket !== "" || login === null;
  byId("paste").hidden = ticket !== "" || login !== null;
  byId("who").hidden = ticket === "";
  const ui = SwaggerUIBundle({
    spec,
    domNode: byId("ui"),
    deepLinking: true,
    docExpansion: "list",
    persistAuthorization: false,
    tryItOutEnabled: true,
    validatorUrl: null,
    onComplete: () => {
      if (ticket) {
        ui.preauthorizeApiKey("ticket", ticket);
      }
    },
  });
}

// authenticate asks the app itself for a ticket.
async function authenticate(username, password, code) {
  const values = { [login.username]: username, [login.password]: password };
  if (login.code && code) {
    values[login.code] = code;
  }
  const request = { method: login.method.toUpperCase(), cache: "no-store" };
  let url = login.path;
  if (login.in === "query") {
    url += "?" + new URLSearchParams(values);
  } else {
    request.headers = { "Content-Type": "application/json" };
    request.body = JSON.stringify(values);
  }
  const response = await fetch(url, request);
  if (!response.ok) {
    throw await refusal(response);
  }
  return response.json();
}

// use goes on with a ticket; one that is refused is forgotten.
async function use(text, name) {
  const before = ticket;
  ticket = text;
  try {
    await load();
  } catch (error) {
    ticket = before;
    throw error;
  }
  byId("name").textContent = name;
}

// handle runs what a form does, and says why it could not.
function handle(id, act) {
  byId(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    say("");
    try {
      await act();
    } catch (error) {
      say(error.message);
    }
  });
}

handle("login", async () => {
  const answer = await authenticate(byId("username").value, byId("password").value, byId("code").value.trim()).catch((error) => {
    // Only users with a second factor are asked for a code.
    if (login.code && error.code === "code_required") {
      byId("second").hidden = false;
      byId("code").focus();
    }
    throw error;
  });
  byId("password").value = byId("code").value = "";
  byId("second").hidden = true;
  const until = new Date(answer.expires_at).toLocaleTimeString();
  await use(answer.ticket, `${answer.user.name}, until ${until}`);
});

handle("paste", async () => {
  await use(byId("pasted").value.trim(), "with a ticket");
  byId("pasted").value = "";
});

handle("who", async () => {
  ticket = "";
  await load();
});

load().catch((error) => say(error.message));
