/*
 * What is shown when the app cannot run: browser too old, no secure connection, WeChat, failed start.
 *
 * Plain ES5, because it has to run exactly where nothing else does. It also applies the appearance
 * chosen on this device before the first paint: localStorage "shouwen-theme" = light | dark,
 * "shouwen-text" = large | largest. And where the app can run, the program is compiled and the data
 * bases are opened while the page is still being read.
 *
 * For the app:
 *   window.shouwenBoot.program          what start.js starts: a promise of the compiled program, or of its address
 *   window.shouwenBoot.fault(error)     show the fault page (the panic hook calls this)
 */
(function () {
  "use strict";

  var SLOW_AFTER_MS = 8000;
  var HELD_MS = 3000;
  var boot = { blocked: false, started: started, fault: fault };
  var shown = false;
  window.shouwenBoot = boot;

  applyAppearance();

  var problem = findProblem();
  if (problem) {
    boot.blocked = true;
    whenBody(function () {
      showUnsupported(problem);
    });
  } else {
    window.addEventListener("error", onError, true);
    window.addEventListener("unhandledrejection", function (event) {
      if (isCrash(event.reason)) fault(event.reason);
    });
    setTimeout(sayItIsSlow, SLOW_AFTER_MS);
    boot.program = compile(document.currentScript.getAttribute("data-wasm"));
    openAhead("shouwen-keys");
    openAhead("shouwen");
  }

  // Where it is not sent as what it is, the program's glue knows another way.
  function compile(wasm) {
    return WebAssembly.compileStreaming(fetch(wasm)).catch(function () {
      return wasm;
    });
  }

  // Who opens a database that is open has it at once. None is made here, and none is held that somebody has to change.
  function openAhead(name) {
    var request;
    try {
      request = indexedDB.open(name);
    } catch (refused) {
      // The app says so.
      return;
    }
    request.onupgradeneeded = function () {
      request.transaction.abort();
    };
    request.onerror = function (event) {
      event.preventDefault();
    };
    request.onsuccess = function () {
      var database = request.result;
      database.onversionchange = function () {
        database.close();
      };
      setTimeout(function () {
        database.close();
      }, HELD_MS);
    };
  }

  function applyAppearance() {
    try {
      var theme = localStorage.getItem("shouwen-theme");
      var text = localStorage.getItem("shouwen-text");
      if (theme === "light" || theme === "dark") document.documentElement.setAttribute("data-theme", theme);
      if (text === "large" || text === "largest") document.documentElement.setAttribute("data-text", text);
    } catch (refused) {
      // Storage may be forbidden; then the device decides.
    }
  }

  // "insecure" | "storage" | "old" | null
  function findProblem() {
    if (window.isSecureContext === false) return "insecure";
    if (!hasLanguage() || !hasWebAssembly()) return "old";
    if (!window.indexedDB || !navigator.serviceWorker) return "storage";
    return null;
  }

  function hasLanguage() {
    return Boolean(
      typeof BigInt === "function" &&
        typeof BroadcastChannel === "function" &&
        typeof structuredClone === "function" &&
        typeof DecompressionStream === "function" &&
        window.crypto &&
        window.crypto.subtle &&
        navigator.locks &&
        "noModule" in document.createElement("script") &&
        "CSSLayerBlockRule" in window
    );
  }

  // One module that uses what today's compiler emits: a function with two results, a table of
  // externref, a saturating conversion, a sign extension and memory.fill.
  function hasWebAssembly() {
    var module = [
      0, 97, 115, 109, 1, 0, 0, 0,
      1, 6, 1, 96, 0, 2, 127, 127,
      3, 2, 1, 0,
      4, 4, 1, 111, 0, 0,
      5, 3, 1, 0, 1,
      10, 23, 1, 21, 0, 67, 0, 0, 0, 0, 252, 0, 192, 65, 0, 65, 0, 65, 0, 252, 11, 0, 65, 0, 11
    ];
    try {
      return typeof WebAssembly === "object" && WebAssembly.validate(new Uint8Array(module));
    } catch (refused) {
      return false;
    }
  }

  function onError(event) {
    if (isCrash(event.error)) {
      fault(event.error);
      return;
    }
    // A script or stylesheet that did not load.
    var element = event.target;
    if (element && element.nodeName === "SCRIPT" && isStarting()) {
      fault(new Error("Failed to load " + element.src));
    }
  }

  function isCrash(error) {
    return Boolean(error && typeof WebAssembly === "object" && error instanceof WebAssembly.RuntimeError);
  }

  function isStarting() {
    return Boolean(document.querySelector(".boot")) || !document.body;
  }

  function started() {
    boot.isStarted = true;
  }

  function sayItIsSlow() {
    var note = document.querySelector(".boot-note");
    if (note && !boot.isStarted) note.textContent = "正在打开。第一次使用要下载程序，网络慢时请多等一会儿。";
  }

  function showUnsupported(problem) {
    var isWeChat = /MicroMessenger/i.test(navigator.userAgent);
    var page = newPage();

    if (problem === "insecure") {
      var secureAddress = "https://" + location.host + location.pathname;
      heading(page, "h1", "请用 https 打开");
      paragraph(page, "现在的地址以 http:// 开头。浏览器在这种连接下不允许加密保存，首问因此不能运行。");
      list(page, [
        "请改用 " + secureAddress,
        "打不开时，请找管理员：服务器需要证书，局域网内也一样。"
      ]);
      heading(page, "h2", "Please open the https address", "en");
      paragraph(page, "This address starts with http://, where browsers do not allow encrypted storage. Use " + secureAddress + ". If that fails, ask your administrator: the server needs a certificate, on a local network too.", "en");
    } else if (isWeChat) {
      heading(page, "h1", "请在浏览器中打开");
      paragraph(page, "微信里的网页不能可靠地保存内容，首问不能在这里运行。");
      list(page, ["点右上角「···」", "选「在浏览器打开」", "没有这一项时，复制地址到手机自带的浏览器"]);
      heading(page, "h2", "Please open this page in your browser", "en");
      paragraph(page, "Pages inside WeChat cannot keep data reliably. Tap ··· at the top right and choose “Open in browser”.", "en");
    } else if (problem === "storage") {
      heading(page, "h1", "这个窗口不能保存内容");
      paragraph(page, "首问要把记录存在这台设备上。当前窗口不允许，可能是无痕（隐私）窗口，或浏览器设置里关闭了网站数据。");
      list(page, ["请用普通窗口打开", "在浏览器设置里允许本网站保存数据"]);
      heading(page, "h2", "This window cannot keep data", "en");
      paragraph(page, "Shouwen keeps its records on this device. Use a normal, not a private, window and allow this site to store data.", "en");
    } else {
      heading(page, "h1", "请更新浏览器");
      paragraph(page, "这个浏览器的版本较旧，首问不能运行。请更新，或换用下面任一种：");
      list(page, [
        "安卓手机、电脑：Chrome 或 Edge，99 版以上",
        "iPhone、iPad：系统升级到 iOS 16.4 以上，用自带的 Safari",
        "电脑：Firefox 114 版以上",
        "360、QQ、搜狗等浏览器：更新到最新版，并用「极速模式」"
      ]);
      paragraph(page, "在这台设备上已保存的内容还在，更新后就能看到。");
      heading(page, "h2", "Please update your browser", "en");
      paragraph(page, "This browser is too old. Shouwen needs Chrome or Edge 99, Firefox 114, or Safari 16.4, or later. Work saved on this device is kept.", "en");
    }
    show(page);
  }

  function fault(error) {
    boot.isStarted = true;
    whenBody(function () {
      var page = newPage();
      heading(page, "h1", "首问没能继续运行");
      paragraph(page, "还没上传的内容都安全地存在这台设备上，没有丢失。请重新打开。");
      button(page, "重新打开", reopen);
      paragraph(page, "还是不行时，请把下面的文字发给管理员。不要清除浏览器数据，也不要卸载。");
      heading(page, "h2", "Shouwen could not go on", "en");
      paragraph(page, "Your unsent work is safe on this device. Please reopen. If it happens again, send the text below to your administrator; do not clear the browser's data and do not uninstall.", "en");
      var detail = document.createElement("pre");
      detail.textContent = describe(error);
      page.appendChild(detail);
      show(page);
    });
  }

  function describe(error) {
    var what = error && (error.message || String(error));
    return [what || "unknown", navigator.userAgent, new Date().toISOString()].join("\n");
  }

  // A newer version may be waiting that mends the fault; without the app nobody else would let it in.
  function reopen() {
    if (!navigator.serviceWorker) return location.reload();
    var done = false;
    function reload() {
      if (!done) {
        done = true;
        location.reload();
      }
    }
    setTimeout(reload, 5000);
    navigator.serviceWorker.getRegistration().then(function (registration) {
      if (!registration) return reload();
      navigator.serviceWorker.addEventListener("controllerchange", reload);
      return registration.update().then(noop, noop).then(function () {
        var next = registration.waiting || registration.installing;
        if (!next) return reload();
        if (next.state === "installed") return takeOver();
        next.addEventListener("statechange", function () {
          if (next.state === "installed") takeOver();
          if (next.state === "redundant") reload();
        });
        function takeOver() {
          next.postMessage({ type: "take-over" });
        }
      });
    }).then(noop, reload);
  }

  function noop() {}

  function whenBody(then) {
    if (document.body && document.readyState !== "loading") then();
    else document.addEventListener("DOMContentLoaded", then);
  }

  function newPage() {
    var page = document.createElement("div");
    page.className = "plain-page";
    page.setAttribute("role", "alert");
    return page;
  }

  function show(page) {
    if (shown) return;
    shown = true;
    var skeleton = document.querySelector(".boot");
    if (skeleton) skeleton.parentNode.removeChild(skeleton);
    document.body.appendChild(page);
  }

  function heading(page, level, text, language) {
    append(page, level, text, language);
  }

  function paragraph(page, text, language) {
    append(page, "p", text, language);
  }

  function append(parent, name, text, language) {
    var element = document.createElement(name);
    element.textContent = text;
    if (language) element.setAttribute("lang", language);
    parent.appendChild(element);
    return element;
  }

  function list(page, lines) {
    var element = document.createElement("ul");
    for (var i = 0; i < lines.length; i++) append(element, "li", lines[i]);
    page.appendChild(element);
  }

  function button(page, text, press) {
    var element = append(page, "button", text);
    element.type = "button";
    element.onclick = press;
  }
})();
