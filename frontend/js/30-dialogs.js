// Dialogs, menus, the command palette, notes that go by themselves, "copy link".

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-dialog]")
  if (opener && !event.ctrlKey && !event.metaKey) {
    const dialog = document.getElementById(opener.dataset.dialog)
    if (dialog?.showModal) {
      event.preventDefault()
      open(dialog)
    }
  }
  const copier = event.target.closest?.("[data-copy]")
  if (copier && navigator.clipboard) {
    event.preventDefault()
    navigator.clipboard.writeText(new URL(copier.dataset.copy || copier.href || location.href, location.href).href)
    say(copier.dataset.said ?? "")
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false
  if (event.target.matches?.("dialog")) event.target.close()
})

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]")
  if (!menu) return
  menu.open = false
  menu.querySelector("summary").focus()
})

async function open(dialog) {
  for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false
  if (!dialog.open) dialog.showModal()
  if (!dialog.dataset.src || dialog.dataset.filled) return
  const answer = await fetch(dialog.dataset.src, { headers: { "HX-Request": "true" } })
  if (answer.ok) {
    dialog.innerHTML = await answer.text()
    dialog.dataset.filled = "1"
  }
}

export function say(text) {
  document.getElementById("say").textContent = text
}

// the palette: arrows move through what was found, Enter opens it

const palette = document.getElementById("palette")
palette?.addEventListener("keydown", (event) => {
  const found = [...palette.querySelectorAll(".hits a")]
  const at = found.indexOf(document.activeElement)
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step && found.length) {
    event.preventDefault()
    ;(at + step < 0 ? palette.querySelector("input") : found[Math.min(at + step, found.length - 1)]).focus()
  }
  if (event.key === "Enter" && at < 0 && found.length) {
    event.preventDefault()
    found[0].click()
  }
})

// a note stays eight seconds, longer while one looks at it

customElements.define("toast-note", class extends HTMLElement {
  connectedCallback() {
    this.start()
    this.addEventListener("mouseenter", () => clearTimeout(this.timer))
    this.addEventListener("focusin", () => clearTimeout(this.timer))
    this.addEventListener("mouseleave", () => this.start())
    this.addEventListener("focusout", () => this.start())
    this.addEventListener("click", (event) => event.target.closest("[data-close]") && this.remove())
  }
  start() {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.remove(), 8000)
  }
})
