// Makes the user that the catalogue runs as: it reads and writes its own database alone.
const password = fs.readFileSync("/run/secrets/catalog_password", "utf8").trim();
db.getSiblingDB("catalog").createUser({
  user: "tradex_catalog",
  pwd: password,
  roles: [{ role: "readWrite", db: "catalog" }],
});
