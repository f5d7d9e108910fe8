// Starts the app. A file of its own, because the content security policy allows no inline script.
// The build writes the hashed names into this script's own element; boot-check.js has begun to compile the program.

const boot = window.shouwenBoot;
if (!boot?.blocked) {
  try {
    const { js, wasm } = document.querySelector("script[data-js]").dataset;
    const { default: init } = await import(js);
    await init({ module_or_path: (await boot?.program) ?? wasm });
    boot?.started();
  } catch (error) {
    boot?.fault(error);
  }
}
