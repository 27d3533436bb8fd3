// The objective as text, in Jupyter: the kernel reads it while it is typed, and says what is wrong and where.

import { html, setAttributes, setText, uniqueId } from "./dom.js";

const PAUSE_MS = 250; // without a key: time to ask the kernel
const SILENCE_MS = 4000; // without an answer: the kernel is busy or gone
const HINT = "maximize throughput subject to p99 <= 20 ms";

// The kernel is asked by model.send({ kind: "objective", number, text }) and answers with msg:custom { kind, number,
// error: null or { reason, position, length } }; what can be read it declares itself, and the model says so.
export function createField(context, model) {
  const id = uniqueId("objective");
  const input = html("input", { type: "text", id, class: "objective-text", "data-field": "objective", placeholder: HINT, spellcheck: "false", autocomplete: "off", autocapitalize: "off", "aria-describedby": `${id}-said` });
  const caret = html("span", { class: "caret", "aria-hidden": "true" });
  const reason = html("span", { class: "reason", id: `${id}-said`, "aria-live": "polite", "data-readout": "objective-error" });
  const still = html("span", { class: "still" });
  const element = html("div", { class: "asking field" }, html("label", { for: id }, "objective"), input, html("p", { class: "said" }, caret, reason, " ", still));
  let declared = "";
  let asked = 0; // how often, and up to which the kernel has answered
  let done = 0;
  let pause = 0;
  let silence = 0;
  let wrong = null;
  let ruler = null;

  function ask() {
    stop();
    asked += 1;
    model.send({ kind: "objective", number: `${id} ${asked}`, text: input.value });
    silence = setTimeout(() => tell({ reason: "The kernel does not answer: it is busy or gone.", position: null }), SILENCE_MS);
  }

  function stop() {
    clearTimeout(pause);
    clearTimeout(silence);
  }

  function answered(content) {
    if (content?.kind !== "objective" || content.number !== `${id} ${asked}`) return; // an older one, or another view's
    clearTimeout(silence);
    done = asked;
    tell(content.error);
  }

  function tell(error) {
    setAttributes(input, { "aria-invalid": error ? "true" : null });
    element.classList.toggle("invalid", Boolean(error));
    setText(reason, error ? error.reason : "");
    setText(still, error && declared ? `Still asked: ${declared}` : "");
    wrong = error?.position === null ? null : error;
    placeCaret();
  }

  // Under the word it is about, wherever the field has scrolled to; positions count characters, as Python does.
  function placeCaret() {
    caret.hidden = !wrong;
    if (!wrong) return;
    const letters = [...input.value];
    const style = getComputedStyle(input);
    const pen = (ruler ??= document.createElement("canvas")).getContext("2d");
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const before = letters.slice(0, wrong.position).join("").padEnd(wrong.position);
    const left = parseFloat(style.paddingLeft) + parseFloat(style.borderLeftWidth) + pen.measureText(before).width - input.scrollLeft;
    caret.style.left = `${Math.min(Math.max(0, left), input.clientWidth)}px`;
    setText(caret, "^".repeat(Math.max(1, wrong.length)));
  }

  input.addEventListener("input", () => {
    stop();
    pause = setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") ask();
    if (event.key !== "Escape") return;
    stop();
    asked += 1; // whatever is still to be answered
    done = asked;
    input.value = declared;
    tell(null);
  });
  input.addEventListener("blur", () => {
    if (!input.hasAttribute("aria-invalid") && asked === done) input.value = declared;
  });
  input.addEventListener("scroll", placeCaret);
  model.on("msg:custom", answered);

  return {
    element,
    // What is declared now; what somebody is just typing stays as it is typed.
    show({ objective }) {
      const text = objective?.text ?? "";
      if (text === declared) return;
      declared = text;
      if (input.matches(":focus")) return;
      input.value = text;
      tell(null);
    },
    close() {
      stop();
      model.off("msg:custom", answered);
    },
  };
}
