;;; lsp_mode_example.el --- Drives the example for lsp-mode  -*- lexical-binding: t; -*-

;; emacs --batch -L clients/examples/emacs -l tests/tools/lsp_mode_example.el
;; Prints one JSON object per step. The program is the first `codex-account-manager' of PATH.

(package-initialize)
(require 'json)
(require 'codex-accounts-lsp-mode)

(defun say (step value)
  (princ (concat (json-encode `((step . ,step) (value . ,value))) "\n")))

(defun wait-for (what look)
  (with-timeout (30 (error "It did not come to this: %s" what))
    (while (not (funcall look))
      (accept-process-output nil 0.01))))

(defun head ()
  "Where the table is looked at, in its buffer and in its window, after it was left at its end."
  (with-current-buffer "*OpenAI accounts*"
    (set-window-point (get-buffer-window) (goto-char (point-max))))
  (openai-accounts)
  (with-current-buffer "*OpenAI accounts*"
    (vector (point) (window-point (get-buffer-window)) (window-start (get-buffer-window)))))

(defun workspace ()
  (lsp-find-workspace 'codex-account-manager))

(setq lsp-auto-guess-root t
      lsp-guess-root-without-session t
      lsp-restart 'ignore)
(find-file (expand-file-name "note.txt" default-directory))
(text-mode)
(let ((lsp-language-id-configuration '((text-mode . "plaintext"))))
  (lsp)
  (wait-for "the sidecar is initialized"
            (lambda () (and (workspace) (eq 'initialized (lsp--workspace-status (workspace))))))
  (openai-accounts)
  (say "table" (with-current-buffer "*OpenAI accounts*" (buffer-string)))
  (say "head" (head))
  (say "switch" (openai-accounts-switch 2))
  (say "labels" (mapcar (lambda (account) (gethash "label" account))
                        (gethash "accounts" (openai-accounts-request "accounts/list"))))
  (say "unknown notifications"
       (with-current-buffer (get-buffer-create "*lsp-log*")
         (goto-char (point-min))
         (and (search-forward "Unknown" nil t) (buffer-string))))
  (let ((process (lsp--workspace-cmd-proc (workspace))))
    (lsp-workspace-shutdown (workspace))
    (wait-for "it ends" (lambda () (not (process-live-p process))))
    (say "ended" t)))
