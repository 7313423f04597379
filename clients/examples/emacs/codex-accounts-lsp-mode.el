;;; codex-accounts-lsp-mode.el --- OpenAI accounts through lsp-mode  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "28.1") (lsp-mode "8.0"))

;;; Commentary:

;; Copy this file to a folder of `load-path' and add (require 'codex-accounts-lsp-mode) to your init file.  As lsp-mode
;; starts servers for buffers, the sidecar runs beside the servers of every buffer that has lsp-mode on.  It is one
;; process for all of them, and it is not told what they hold.

;;; Code:

(require 'lsp-mode)

(lsp-register-client
 (make-lsp-client :new-connection (lsp-stdio-connection '("codex-account-manager" "sidecar" "--stdio"))
                  :activation-fn (lambda (&rest _) t)
                  :add-on? t
                  :multi-root t
                  :server-id 'codex-account-manager
                  ;; lsp-mode warns of every notification that nobody handles.
                  :notification-handlers (lsp-ht ("proxy/ready" #'ignore)
                                                 ("accounts/didChange" #'ignore)
                                                 ("accounts/didLogin" #'ignore)
                                                 ("routing/didSelect" #'ignore)
                                                 ("routing/didWait" #'ignore)
                                                 ("routing/didFinish" #'ignore))))

(defun openai-accounts-request (method &optional params)
  "Ask the sidecar METHOD, such as \"accounts/list\", with the plist PARAMS."
  (let ((workspace (lsp-find-workspace 'codex-account-manager)))
    (unless workspace
      (user-error "No sidecar runs; is lsp-mode on in a buffer, and `codex-account-manager' on `exec-path'?"))
    (with-lsp-workspace workspace
      (lsp-request method params))))

;;;###autoload
(defun openai-accounts ()
  "Show the OpenAI accounts."
  (interactive)
  (let ((table (openai-accounts-request "workspace/executeCommand" '(:command "openai-accounts"))))
    (with-current-buffer (get-buffer-create "*OpenAI accounts*")
      (let ((inhibit-read-only t))
        (erase-buffer)
        (insert table))
      (special-mode)
      (display-buffer (current-buffer)))))

;;;###autoload
(defun openai-accounts-switch (account)
  "Switch this Emacs to ACCOUNT, a number."
  (interactive "nNumber of the OpenAI account: ")
  (message "%s" (openai-accounts-request "workspace/executeCommand"
                                         (list :command "openai-accounts-switch" :arguments (vector account)))))

(provide 'codex-accounts-lsp-mode)
;;; codex-accounts-lsp-mode.el ends here
