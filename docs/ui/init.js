// Shows the document of this server, and asks nobody else for anything.
"use strict";
SwaggerUIBundle({
  url: "../openapi.json",
  domNode: document.getElementById("document"),
  deepLinking: true,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 2,
  displayRequestDuration: true,
  showExtensions: false,
});
