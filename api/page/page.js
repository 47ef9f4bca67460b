import { setUpEnrol } from "./enrol.js";
import { setUpKey } from "./key.js";
import { hidePeople, setUpPeople } from "./people.js";
import { setUpRecognise } from "./recognise.js";
import { setUpViews } from "./views.js";

setUpKey(hidePeople);
setUpViews({
  recognise: setUpRecognise(),
  enrol: setUpEnrol(),
  people: setUpPeople(),
});
