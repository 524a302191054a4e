export const STYLE = `
*{box-sizing:border-box}
html,body{margin:0;height:100%;overflow:hidden;background:#d5e0ea;color:#1f2328;
font:14px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
canvas{position:fixed;inset:0;width:100%;height:100%;display:block;touch-action:none}
aside{position:fixed;left:16px;top:16px;width:252px;padding:14px 16px 12px;border-radius:12px;background:#ffffffd9;box-shadow:0 1px 8px #0002;pointer-events:none}
h1{font-size:17px;line-height:1.25;margin:0;font-weight:650;letter-spacing:-.01em;overflow-wrap:anywhere}
aside p{margin:2px 0 0;color:#59636e;font-size:12px;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:auto 1fr;gap:1px 12px;margin:10px 0 8px;font-variant-numeric:tabular-nums}
dt{color:#59636e}dd{margin:0;text-align:right;font-weight:600}
aside p.caption{display:flex;justify-content:space-between;margin-top:6px}
.caption .floor{color:#cf222e}
svg{display:block;width:100%;height:auto;overflow:visible}
polyline{fill:none;stroke:#d9730d;stroke-linejoin:round}
.entropy polyline{stroke:#1f77d0}
line.floor{stroke:#cf222e;stroke-width:1.2;stroke-dasharray:4 3}
line.head{stroke:#1f2328;stroke-width:1;opacity:.6}
nav{position:fixed;left:16px;right:16px;bottom:16px;display:flex;gap:12px;align-items:center;padding:8px 14px;border-radius:12px;background:#ffffffd9;box-shadow:0 1px 8px #0002}
nav input[type=range]{flex:1;min-width:60px;accent-color:#1f77d0}
nav button{width:34px;height:30px;border:0;border-radius:8px;background:#1f77d0;color:#fff;font-size:13px;cursor:pointer}
nav button:focus-visible,nav select:focus-visible{outline:2px solid #1f2328;outline-offset:1px}
nav output{min-width:104px;text-align:right;font-variant-numeric:tabular-nums;color:#59636e}
nav select{font:inherit;border:1px solid #c5ccd3;border-radius:8px;background:#fff;padding:3px 4px}
nav label{display:flex;gap:5px;align-items:center;color:#59636e}
.picture nav{display:none}
.message{position:fixed;inset:0;display:grid;place-items:center;padding:24px;text-align:center}
@media (max-width:560px){aside{width:200px;padding:10px 12px}nav label{display:none}}
`;
