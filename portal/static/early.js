// Runs before anything is painted: says to the styles that scripts run, so that nothing jumps afterwards.
"use strict";
document.body.classList.add("js-enabled", "govuk-frontend-supported");
