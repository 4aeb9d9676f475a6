// Shortcuts: data-hotkey="R", "Control+K", "/", "?". Letters are physical keys, so that they are the same on every layout.
// Off inside fields, and altogether with <body data-keys="off"> (a setting of the person, WCAG 2.1.4).

const GO = { i: 'a[href="/my"]', q: 'a[href^="/queues"]', c: 'a[href="/cases"]', k: 'a[href^="/kpi"]' }
let waitsForGo = 0

const typing = (element) => element.closest?.('input:not([type=checkbox],[type=radio]), textarea, select, [contenteditable]')

function nameOf(event) {
  if (event.key === "Escape" || event.key === "Enter") return event.key
  if (event.code === "Slash" || event.key === "/" || event.key === "?") return event.shiftKey || event.key === "?" ? "?" : "/"
  return event.code.startsWith("Key") ? event.code.slice(3) : ""
}

function shown(element) {
  return element.getClientRects().length > 0 || element.matches("input[type=radio]")
}

function press(element) {
  if (element.matches("input[type=radio]")) {
    element.click()
    element.form.querySelector("textarea")?.focus()
  } else if (element.matches("input, textarea, select")) {
    element.focus()
    element.select?.()
  } else {
    element.focus()
    element.click()
  }
}

function find(key) {
  const wanted = `[data-hotkey="${key}"], [data-hotkey="${key.toLowerCase()}"]`
  return [...document.querySelectorAll(wanted)].find((element) => !element.disabled && shown(element))
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return
  const control = event.ctrlKey || event.metaKey
  const key = nameOf(event)
  const inside = typing(event.target)
  if (control && key === "K") return palette(event)
  if (control && key === "Enter" && inside?.form) return act(event, sender(inside.form))
  if (control || (inside && key !== "Escape") || document.body.dataset.keys === "off") return
  if (document.querySelector("dialog[open]") && key !== "Escape") return
  if (waitsForGo && Date.now() - waitsForGo < 1500) {
    waitsForGo = 0
    return act(event, document.querySelector(GO[key.toLowerCase()] ?? "#none"))
  }
  if (key === "G") waitsForGo = Date.now()
  else if (key === "?") act(event, document.querySelector('[data-dialog="keys"]'))
  else if (key && key !== "Enter") act(event, find(key))
})

function act(event, element) {
  if (!element) return
  event.preventDefault()
  press(element)
}

function palette(event) {
  const dialog = document.getElementById("palette")
  if (!dialog) return
  event.preventDefault()
  if (!dialog.open) dialog.showModal()
}

function sender(form) {
  return form.querySelector('[aria-keyshortcuts="Control+Enter"], button.primary, button:not([type=button])')
}
