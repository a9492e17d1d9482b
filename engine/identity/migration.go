package identity

import (
	"embed"
	"fmt"

	"cloudlet/engine/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make the tables of users and roles, all named cloudlet_…, and the
// view cloudlet_profiles, which apps may read.
func Migrations() database.Set {
	list, problems := database.ReadMigrations(migrations, "migrations")
	if len(problems) > 0 {
		panic(fmt.Sprintf("identity: %v", problems)) // they are part of the program
	}
	return database.Set{Folder: "-/identity", Migrations: list}
}
