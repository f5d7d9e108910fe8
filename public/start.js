// Starts the app. A file of its own, because the content security policy allows no inline script.
// The build writes the hashed names into this script's own element.

const boot = window.shouwenBoot;
const element = document.querySelector("script[data-js][data-wasm]");

if (!boot?.blocked) {
  try {
    const { default: init } = await import(element.dataset.js);
    await init({ module_or_path: element.dataset.wasm });
    boot?.started();
  } catch (error) {
    boot?.fault(error);
  }
}
