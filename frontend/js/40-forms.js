// Forms: drafts kept on every pause, suggestions, files with names and progress, focus after an answer.

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? ""
const PAUSE = 1200

// drafts: <form data-draft-url>; what the server answers (or nothing) is said in [data-saved]

const waiting = new Map()

document.addEventListener("input", (event) => {
  const form = event.target.form
  if (!form?.dataset.draftUrl) return
  clearTimeout(waiting.get(form))
  waiting.set(form, setTimeout(() => keep(form), PAUSE))
})

async function keep(form) {
  clearTimeout(waiting.get(form))
  if (!waiting.delete(form)) return
  const answers = new URLSearchParams()
  for (const [name, value] of new FormData(form)) if (typeof value === "string") answers.append(name, value)
  const headers = { "X-CSRF-Token": token(), "HX-Request": "true" }
  const answer = await fetch(form.dataset.draftUrl, { method: "POST", body: answers, headers, keepalive: true }).catch(() => null)
  const place = form.querySelector("[data-saved]")
  if (!place || answer?.status === 204) return
  place.textContent = answer?.ok ? await answer.text() : place.dataset.unsaved
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") for (const form of [...waiting.keys()]) keep(form)
})
document.addEventListener("submit", (event) => {
  clearTimeout(waiting.get(event.target))
  waiting.delete(event.target)
  busy(event)
})

// one press sends once: the button says it works, and a second press does nothing

function busy(event) {
  const button = event.submitter
  if (!button || event.target.method === "dialog" || event.target.hasAttribute("hx-post")) return
  if (event.target.method !== "post") return
  if (button.getAttribute("aria-busy")) return event.preventDefault()
  setTimeout(() => button.setAttribute("aria-busy", "true"))
  const rest = () => button.removeAttribute("aria-busy")
  setTimeout(rest, 8000)
  addEventListener("pageshow", rest, { once: true })
}

// suggestions for people, departments, pages

customElements.define("suggest-input", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", (event) => {
      this.querySelector(".ava")?.remove()
      event.target.closest("input")?.style.removeProperty("padding")
      clearTimeout(this.timer)
      this.timer = setTimeout(() => this.ask(event.target), 200)
    })
  }
  async ask(input) {
    const source = this.getAttribute("src")
    if (!source || !input.value.trim()) return
    const answer = await fetch(`${source}${source.includes("?") ? "&" : "?"}q=${encodeURIComponent(input.value)}`, { headers: { "HX-Request": "true" } })
    if (answer.ok) input.list.innerHTML = await answer.text()
  }
})

// files: names and sizes in rows; with upload="" each is sent at once

const size = (bytes) => {
  const unit = bytes < 1024 * 1024 ? "kilobyte" : "megabyte"
  const number = unit === "kilobyte" ? Math.max(1, Math.round(bytes / 1024)) : Math.round(bytes / 104857.6) / 10
  return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, unitDisplay: "short" }).format(number)
}

function row(file, note) {
  const line = document.createElement("li")
  line.className = "file new"
  const words = document.createElement("span")
  words.textContent = `${file.name} `
  const small = document.createElement("span")
  small.className = "small muted"
  small.textContent = [size(file.size), note].filter(Boolean).join(" · ")
  words.append(small)
  line.append(words)
  return line
}

function list(form, place, note) {
  place.querySelectorAll(".new").forEach((line) => line.remove())
  for (const input of form.querySelectorAll("input[type=file]")) for (const file of input.files) place.append(row(file, note))
}

customElements.define("file-drop", class extends HTMLElement {
  connectedCallback() {
    const area = this.querySelector(".drop")
    this.addEventListener("change", (event) => event.target.type === "file" && this.take(event.target))
    this.addEventListener("dragover", (event) => { event.preventDefault(); area.classList.add("over") })
    this.addEventListener("dragleave", () => area.classList.remove("over"))
    this.addEventListener("drop", (event) => {
      event.preventDefault()
      area.classList.remove("over")
      const input = this.querySelector("input[type=file]")
      const all = new DataTransfer()
      for (const file of [...(input.multiple ? input.files : []), ...event.dataTransfer.files]) all.items.add(file)
      input.files = all.files
      this.take(input)
    })
  }
  take(input) {
    const place = this.querySelector(".files")
    if (!this.hasAttribute("upload")) return list(this, place, this.dataset.ready)
    for (const file of input.files) this.send(file, place)
    input.value = ""
  }
  send(file, place) {
    const line = row(file, this.dataset.left)
    const words = line.querySelector(".small")
    place.append(line)
    const body = new FormData()
    body.append("file", file)
    const request = new XMLHttpRequest()
    request.open("POST", this.getAttribute("upload"))
    request.setRequestHeader("X-CSRF-Token", token())
    request.setRequestHeader("HX-Request", "true")
    request.upload.onprogress = (event) => { words.textContent = `${this.dataset.left} ${Math.round(100 * event.loaded / event.total)}%` }
    request.onloadend = () => {
      if (request.status >= 200 && request.status < 300) {
        line.outerHTML = request.responseText
        this.querySelector("input").dispatchEvent(new Event("input", { bubbles: true })) // the draft names it too
      } else { line.classList.add("bad"); words.textContent = this.dataset.failed }
    }
    request.send(body)
  }
})

document.addEventListener("change", (event) => {
  const composer = event.target.type === "file" && event.target.closest(".composer")
  if (composer) list(composer, composer.querySelector(".files"), "")
})

// after an answer of htmx: an error takes the focus, a sent composer is empty again

document.addEventListener("htmx:after:swap", () => {
  const errors = document.getElementById("errsum")
  if (errors && !errors.dataset.seen) {
    errors.dataset.seen = "1"
    errors.focus()
  }
})
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail ?? {}
  renew(ctx?.response?.headers?.get?.("X-CSRF-Token"))
  const form = ctx?.sourceElement
  if (!form?.matches?.("form[data-clear]") || !ctx.response || ctx.response.status >= 300) return
  form.reset()
  form.querySelectorAll(".file.new").forEach((line) => line.remove())
  form.querySelector("textarea")?.focus()
})

// who signed in anew in another window goes on here with the token of now

function renew(token) {
  if (!token) return
  document.querySelector('meta[name="csrf-token"]').content = token
  document.body.setAttribute("hx-headers:inherited", JSON.stringify({ "X-CSRF-Token": token }))
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = token
}

// the theme switch says the other theme also where the system decides

if (matchMedia("(prefers-color-scheme: dark)").matches) {
  for (const button of document.querySelectorAll("[data-theme-auto]")) {
    button.value = "light"
    if (button.ariaLabel) button.ariaLabel = button.title = button.dataset.light
    else button.querySelector("span").textContent = button.dataset.light
    const use = button.querySelector("use")
    use.setAttribute("href", use.getAttribute("href").replace("i-moon", "i-sun"))
  }
}
