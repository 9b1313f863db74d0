// `./build.sh build`: the three programs as single files in dist/.
import { bundles } from './bundles.ts';

process.exitCode = (await bundles()) ? 0 : 1;
