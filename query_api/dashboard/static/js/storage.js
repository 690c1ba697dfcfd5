// What the browser remembers: tokens for as long as the tab lives, taste for longer. Both may be refused.

const guarded = (act) => {
  try {
    return act();
  } catch {
    return null;
  }
};

export const session = {
  get: (name) => guarded(() => sessionStorage.getItem(`etappe.${name}`)),
  set: (name, value) => guarded(() => sessionStorage.setItem(`etappe.${name}`, value)),
  drop: (name) => guarded(() => sessionStorage.removeItem(`etappe.${name}`)),
};

export const taste = {
  get: (name) => guarded(() => localStorage.getItem(`etappe.${name}`)),
  set: (name, value) => guarded(() => localStorage.setItem(`etappe.${name}`, value)),
};
