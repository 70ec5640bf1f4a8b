// Everything works without this file; it only makes it smoother. Nothing is kept in the browser.
import {
  Accordion, Button, CharacterCount, Checkboxes, ErrorSummary, NotificationBanner, PasswordInput,
  ServiceNavigation, SkipLink, Tabs, createAll,
} from "./vendor/govuk-frontend.min.js";

for (const component of [
  Accordion, Button, CharacterCount, Checkboxes, ErrorSummary, NotificationBanner, PasswordInput,
  ServiceNavigation, SkipLink, Tabs,
]) {
  createAll(component);
}

// A page fetched from the back-forward memory may belong to a session that has ended.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    window.location.reload();
  }
});

// The component's own script leaves this page in the history; ours replaces it.
const exit = document.getElementById("quick-exit");
if (exit) {
  quickExit(exit);
}

function quickExit(place) {
  const link = place.querySelector("a");
  const told = document.createElement("span");
  told.className = "govuk-visually-hidden";
  told.setAttribute("role", "status");
  place.append(told);

  function leave(event) {
    event.preventDefault();
    document.body.hidden = true;
    told.textContent = place.dataset.leaving;
    signOut(place);
    window.location.replace(link.href);
  }

  for (const way of document.querySelectorAll("#quick-exit a, [data-quick-exit]")) {
    way.addEventListener("click", leave);
  }

  let pressed = 0;
  let forget = 0;
  let alone = true;
  document.addEventListener("keydown", (event) => {
    alone = event.key === "Shift" ? alone : false; // a capital letter is not a press of Shift
  });
  document.addEventListener("keyup", (event) => {
    if (event.key !== "Shift") {
      return;
    }
    pressed = alone ? pressed + 1 : 0;
    alone = true;
    window.clearTimeout(forget);
    if (pressed >= 3) {
      leave(event);
      return;
    }
    told.textContent = pressed === 0 ? "" : pressed === 1 ? place.dataset.twiceMore : place.dataset.onceMore;
    forget = window.setTimeout(() => {
      pressed = 0;
      told.textContent = "";
    }, 5000);
  });
}

// Best effort: the page is left whether or not the sign-out arrives.
function signOut(place) {
  if (place.dataset.signOut && navigator.sendBeacon) {
    const form = new FormData();
    form.set("csrf_token", place.dataset.token);
    navigator.sendBeacon(place.dataset.signOut, form);
  }
}
