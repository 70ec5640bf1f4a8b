// Hands the page's challenge to the browser's passkeys and sends what they answer. The page says what to do without it.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  ready(form);
}

function ready(form) {
  const told = form.querySelector("[role=status]");
  if (!window.PublicKeyCredential) {
    told.textContent = form.dataset.unable;
    return;
  }
  if (!form.dataset.options) {
    return; // the button asks the portal for a challenge first
  }
  form.addEventListener("submit", (event) => {
    if (!form.elements.answer.value) {
      event.preventDefault();
      ask(form, told);
    }
  });
  ask(form, told);
}

async function ask(form, told) {
  told.textContent = form.dataset.waiting;
  try {
    const options = JSON.parse(form.dataset.options);
    const credential = form.dataset.passkey === "make"
      ? await navigator.credentials.create({ publicKey: toMake(options) })
      : await navigator.credentials.get({ publicKey: toShow(options) });
    form.elements.answer.value = JSON.stringify(answerOf(credential));
    form.submit();
  } catch (fault) {
    told.textContent = fault.name === "InvalidStateError" ? form.dataset.known : form.dataset.failed;
  }
}

function toMake(options) {
  return {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: withBytes(options.excludeCredentials),
  };
}

function toShow(options) {
  return { ...options, challenge: bytes(options.challenge), allowCredentials: withBytes(options.allowCredentials) };
}

function answerOf(credential) {
  const said = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) {
      said[name] = text(credential.response[name]);
    }
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: said };
}

function withBytes(list) {
  return (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
}

function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
