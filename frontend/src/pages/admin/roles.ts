export const ROLES = [
  { value: "reader", label: "reader" },
  { value: "analyst", label: "analyst" },
  { value: "operator", label: "operator" },
  { value: "administrator", label: "administrator" },
];

export const PLANS = [
  { value: "free", label: "free" },
  { value: "pro", label: "pro" },
  { value: "partner", label: "partner" },
];
