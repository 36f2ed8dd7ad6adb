/** What tests measure on a page as it is shown; each answers the faults, one line each. */
window.measure = (() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

  /** Red, green, blue and alpha of any CSS colour, painted over another. */
  function over(colour, behind) {
    canvas.clearRect(0, 0, 1, 1);
    for (const each of [behind ?? [], colour].flat()) {
      canvas.fillStyle = each;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data];
  }

  /** All backgrounds behind an element, the page's first. */
  function backgrounds(element) {
    const found = [];
    for (let each = element; each; each = each.parentElement) found.unshift(getComputedStyle(each).backgroundColor);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    return [dark ? "#121212" : "#fff", ...found];
  }

  function luminance([red, green, blue]) {
    const [r, g, b] = [red, green, blue].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  function ratio(colour, layers) {
    const one = luminance(over(colour, layers));
    const other = luminance(over(layers));
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  }

  function shown(element) {
    return element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.closest(".qrlogin-heard");
  }

  function name(element) {
    return `${element.tagName.toLowerCase()}.${element.className?.baseVal ?? element.className} "${element.textContent.trim().slice(0, 30)}"`;
  }

  const CONTROLS = "a[href], button, input:not([type=hidden]), summary";
  const controls = () => [...(document.querySelector("dialog:modal") ?? document).querySelectorAll(CONTROLS)].filter(shown);

  function contrast() {
    const faults = [];
    const check = (element, what, colour, layers, least) => {
      const found = ratio(colour, layers);
      if (found < least) faults.push(`${what} ${found.toFixed(2)} < ${least}: ${name(element)}`);
    };
    for (const element of [...document.body.querySelectorAll("*")].filter(shown)) {
      const style = getComputedStyle(element);
      const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      if (says || element.matches("input")) {
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        check(element, "text", style.color, backgrounds(element), large ? 3 : 4.5);
      }
      if (element.matches("svg.qrlogin-icon")) check(element, "mark", style.stroke, backgrounds(element), 3);
    }
    for (const element of controls()) {
      const style = getComputedStyle(element);
      const around = backgrounds(element.parentElement);
      // A field or a button is told from what is around by its edge, or by being filled.
      if (element.matches(".qrlogin-button, input:not([type=checkbox], [type=file])")) {
        const best = Math.max(ratio(style.borderTopColor, around), ratio(style.backgroundColor, around));
        if (best < 3) faults.push(`edge ${best.toFixed(2)} < 3: ${name(element)}`);
      }
    }
    return faults;
  }

  /** WCAG 2.5.8: 24 by 24 pixels, but for links within a sentence. */
  function targets() {
    return controls()
      .filter((element) => !element.matches("[type=file], p a, li a"))
      .map((element) => [element, element.getBoundingClientRect()])
      .filter(([, { width, height }]) => Math.min(width, height) < 24)
      .map(([element, { width, height }]) => `${width} x ${height}: ${name(element)}`);
  }

  /** WCAG 1.4.10: nothing is cut off, and nothing needs scrolling to the side. */
  function overflow() {
    const wide = document.documentElement.clientWidth;
    const faults = [...document.body.querySelectorAll("*")]
      .filter((element) => shown(element) && !element.matches("[type=file]"))
      .map((element) => [element, element.getBoundingClientRect()])
      .filter(([, { left, right, width }]) => width && (left < -0.5 || right > wide + 0.5))
      .map(([element, { left, right }]) => `${left} to ${right} of ${wide}: ${name(element)}`);
    const scrolls = document.documentElement.scrollWidth > wide;
    return scrolls && !faults.length ? ["The page scrolls to the side."] : faults;
  }

  /** By keyboard everything is reached in the order in which it is read, and the place is seen. */
  function focus() {
    const faults = [];
    const order = controls().filter((element) => element.tabIndex >= 0);
    for (const element of order) {
      if (element.tabIndex > 0) faults.push(`tabindex ${element.tabIndex}: ${name(element)}`);
      element.focus({ focusVisible: true });
      if (document.activeElement !== element) {
        faults.push(`takes no focus: ${name(element)}`);
        continue;
      }
      const seen = element.matches("[type=file]") ? element.parentElement : element;
      const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(seen);
      const found = ratio(outlineColor, backgrounds(seen.parentElement));
      if (outlineStyle === "none" || parseFloat(outlineWidth) < 2 || found < 3)
        faults.push(`focus ${outlineStyle} ${outlineWidth} ${found.toFixed(2)}: ${name(element)}`);
      element.blur();
    }
    return faults;
  }

  /** WCAG 1.4.12: a person's own spacing of text. */
  function space() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-block-end: 2em !important }");
    document.adoptedStyleSheets.push(sheet);
  }

  return { contrast, targets, overflow, focus, space };
})();
