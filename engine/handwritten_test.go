package engine_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"database/sql"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
	_ "modernc.org/sqlite"
)

// handWritten is the handler that the engine is measured against.
type handWritten struct {
	*http.ServeMux
	point, list, pages, insert *sql.Stmt
	cursors                    cipher.AEAD
	secret                     []byte
	parser                     *jwt.Parser
}

func newHandWritten(b testing.TB, secret string) *handWritten {
	file := filepath.Join(b.TempDir(), "hand.db")
	const settings = "?_busy_timeout=5000&_journal_mode=WAL&_synchronous=NORMAL&_foreign_keys=1&_pragma=cache_size(-16000)&_pragma=temp_store(MEMORY)"
	writer, err := sql.Open("sqlite", "file:"+file+settings+"&_txlock=immediate")
	fatal(b, err)
	writer.SetMaxOpenConns(1)
	_, err = writer.Exec(benchApp["endpoints/_migrations/0001.sql"])
	fatal(b, err)
	readers, err := sql.Open("sqlite", "file:"+file+settings+"&_query_only=1")
	fatal(b, err)
	readers.SetMaxOpenConns(4)
	readers.SetMaxIdleConns(4)
	b.Cleanup(func() { readers.Close(); writer.Close() })
	h := &handWritten{ServeMux: http.NewServeMux(), secret: []byte(secret),
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("cloudlet"), jwt.WithExpirationRequired())}
	prepare := func(db *sql.DB, text string) *sql.Stmt {
		s, err := db.Prepare(text)
		fatal(b, err)
		return s
	}
	h.point = prepare(readers, "SELECT id, title, year, rating FROM films WHERE id = ?")
	h.list = prepare(readers, "SELECT id, title, year, rating FROM films WHERE id >= ? ORDER BY id LIMIT 100")
	h.pages = prepare(readers, "SELECT id, title, year, rating FROM films WHERE id >= ? ORDER BY id LIMIT 101")
	block, err := aes.NewCipher([]byte(secret)[:32])
	fatal(b, err)
	h.cursors, err = cipher.NewGCMWithRandomNonce(block)
	fatal(b, err)
	h.insert = prepare(writer, "INSERT INTO notes (text) VALUES (?)")
	h.HandleFunc("GET /echo", h.serveEcho)
	h.HandleFunc("GET /films/{id}", h.servePoint)
	h.HandleFunc("GET /protected/{id}", h.serveProtected)
	h.HandleFunc("GET /films", h.serveList)
	h.HandleFunc("GET /pages", h.servePages)
	h.HandleFunc("POST /notes", h.serveInsert)
	return h
}

type film struct {
	ID     int     `json:"id"`
	Title  string  `json:"title"`
	Year   int     `json:"year"`
	Rating float64 `json:"rating"`
}

func answer(w http.ResponseWriter, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "internal error", 500)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.Write(data)
}

// only reports whether a query has no other names than these.
func only(q url.Values, names ...string) bool {
	for name, values := range q {
		known := false
		for _, n := range names {
			known = known || n == name
		}
		if !known || len(values) != 1 {
			return false
		}
	}
	return true
}

func (h *handWritten) serveEcho(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	name := q.Get("name")
	age, err := strconv.Atoi(q.Get("age"))
	if n := utf8.RuneCountInString(name); err != nil || n < 1 || n > 100 || age < 0 || age > 150 || !only(q, "name", "age") {
		http.Error(w, "invalid arguments", 400)
		return
	}
	answer(w, struct {
		Name string `json:"name"`
		Age  int    `json:"age"`
	}{name, age})
}

// within gives statements the timeout that the engine gives them.
func within(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), 30*time.Second)
}

func (h *handWritten) servePoint(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || r.URL.RawQuery != "" {
		http.Error(w, "invalid arguments", 400)
		return
	}
	ctx, cancel := within(r)
	defer cancel()
	var f film
	switch err := h.point.QueryRowContext(ctx, id).Scan(&f.ID, &f.Title, &f.Year, &f.Rating); {
	case errors.Is(err, sql.ErrNoRows):
		http.Error(w, "not found", 404)
	case err != nil:
		http.Error(w, "internal error", 500)
	default:
		answer(w, &f)
	}
}

type claims struct {
	Roles []string `json:"roles"`
	jwt.RegisteredClaims
}

func (h *handWritten) serveProtected(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	var c claims
	_, err := h.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return h.secret, nil })
	if !ok || err != nil {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	for _, role := range c.Roles {
		if role == "admin" || role == "root" {
			w.Header().Set("Cache-Control", "no-store")
			h.servePoint(w, r)
			return
		}
	}
	http.Error(w, "forbidden", http.StatusForbidden)
}

func (h *handWritten) serveList(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, err := strconv.Atoi(q.Get("from"))
	if err != nil || from < 1 || !only(q, "from") {
		http.Error(w, "invalid arguments", 400)
		return
	}
	ctx, cancel := within(r)
	defer cancel()
	films, ok := readFilms(ctx, w, h.list, from)
	if ok {
		answer(w, films)
	}
}

// readFilms reads at most 101 films; where that fails it answers so.
func readFilms(ctx context.Context, w http.ResponseWriter, s *sql.Stmt, from int) ([]film, bool) {
	rows, err := s.QueryContext(ctx, from)
	if err != nil {
		http.Error(w, "internal error", 500)
		return nil, false
	}
	defer rows.Close()
	films := make([]film, 0, 101)
	for rows.Next() {
		var f film
		if err := rows.Scan(&f.ID, &f.Title, &f.Year, &f.Rating); err != nil {
			http.Error(w, "internal error", 500)
			return nil, false
		}
		films = append(films, f)
	}
	if rows.Err() != nil {
		http.Error(w, "internal error", 500)
		return nil, false
	}
	return films, true
}

// servePages gives the sealed cursor of the next page besides the films.
func (h *handWritten) servePages(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, err := strconv.Atoi(q.Get("from"))
	if err != nil || from < 1 || !only(q, "from") {
		http.Error(w, "invalid arguments", 400)
		return
	}
	ctx, cancel := within(r)
	defer cancel()
	films, ok := readFilms(ctx, w, h.pages, from)
	if !ok {
		return
	}
	page := struct {
		Items []film  `json:"items"`
		Next  *string `json:"next"`
	}{Items: films}
	if len(films) > 100 {
		page.Items = films[:100]
		next := base64.RawURLEncoding.EncodeToString(h.cursors.Seal(nil, nil, []byte("films by id "+strconv.Itoa(films[99].ID)), nil))
		page.Next = &next
	}
	answer(w, page)
}

func (h *handWritten) serveInsert(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Text string `json:"text"`
	}
	body := http.MaxBytesReader(w, r.Body, 1<<20)
	if err := json.UnmarshalRead(body, &in, json.RejectUnknownMembers(true)); err != nil {
		http.Error(w, "invalid body", 400)
		return
	}
	if n := utf8.RuneCountInString(in.Text); n < 1 || n > 1000 || r.URL.RawQuery != "" {
		http.Error(w, "invalid arguments", 400)
		return
	}
	ctx, cancel := within(r)
	defer cancel()
	result, err := h.insert.ExecContext(ctx, in.Text)
	if err != nil {
		http.Error(w, "internal error", 500)
		return
	}
	affected, _ := result.RowsAffected()
	id, _ := result.LastInsertId()
	answer(w, struct {
		RowsAffected int64 `json:"rows_affected"`
		LastInsertID int64 `json:"last_insert_id"`
	}{affected, id})
}
