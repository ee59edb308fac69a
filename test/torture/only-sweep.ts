import { sweepAll } from './sweep.ts';
console.log(await sweepAll({ seed: 7, fleet: Number(process.argv[2]), fleetKills: Number(process.argv[3]), say: console.log }));
