// Starts Swagger UI on the document that stands beside the page. A token that is typed in stays in this page's memory.
SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: new URL("openapi.json", document.baseURI).href,
  deepLinking: true,
  docExpansion: "list",
  filter: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  // Its own validator is on another host.
  validatorUrl: null,
});
